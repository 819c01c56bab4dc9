import { ModelProfileList, SkillList } from "../server.ts";
import type { Endpoint } from "./endpoint.ts";

export const agentEndpoints = {
  listModels: {
    method: "GET",
    path: "/v1/models",
    tag: "agent",
    summary: "List model profiles",
    status: 200,
    response: ModelProfileList,
  },
  listSkills: {
    method: "GET",
    path: "/v1/skills",
    tag: "agent",
    summary: "List installed skills",
    status: 200,
    response: SkillList,
  },
} as const satisfies Record<string, Endpoint>;
