import { ApprovalRules } from "../agent/approval.ts";
import { ModelProfileList } from "../agent/models.ts";
import { UsageQuery, UsageReport } from "../agent/usage.ts";
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
  readUsage: {
    method: "GET",
    path: "/v1/usage",
    tag: "agent",
    summary: "What your model calls took, by day, task or model",
    query: UsageQuery,
    status: 200,
    response: UsageReport,
    errors: ["invalid_period"],
  },
  readApprovals: {
    method: "GET",
    path: "/v1/approvals",
    tag: "agent",
    summary: "Read your rules about tool calls",
    status: 200,
    response: ApprovalRules,
  },
  writeApprovals: {
    method: "PUT",
    path: "/v1/approvals",
    tag: "agent",
    summary: "Replace your rules about tool calls",
    body: ApprovalRules,
    status: 200,
    response: ApprovalRules,
  },
} as const satisfies Record<string, Endpoint>;
