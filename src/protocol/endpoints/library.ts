import { z } from "zod";
import {
  MemoryContent,
  MemoryFile,
  MemoryIndex,
  MemoryRemoval,
  MemorySwitch,
  MemoryVersionQuery,
  MemoryWrite,
  memoryPath,
} from "../agent/memory.ts";
import { SkillDetail, SkillList, skillName } from "../agent/skill.ts";
import type { Endpoint } from "./endpoint.ts";

const skills = { tag: "skills" } as const;
const oneSkill = { ...skills, path: "/v1/skills/{name}", params: z.object({ name: skillName }) } as const;
const memory = { tag: "memory" } as const;
const oneFile = { ...memory, path: "/v1/memory/{path}", params: z.object({ path: memoryPath }) } as const;

/** What a user's tasks draw on: skills and memory. */
export const libraryEndpoints = {
  listSkills: {
    ...skills,
    method: "GET",
    path: "/v1/skills",
    summary: "List your skills and those installed",
    status: 200,
    response: SkillList,
  },
  getSkill: {
    ...oneSkill,
    method: "GET",
    summary: "Read a skill",
    status: 200,
    response: SkillDetail,
    errors: ["invalid_name", "skill_not_found", "invalid_skill"],
  },
  putSkill: {
    ...oneSkill,
    method: "PUT",
    summary: "Upload a skill of your own as a .zip archive, replacing yours of that name",
    expensive: true,
    archive: true,
    status: 200,
    response: SkillDetail,
    errors: [
      "invalid_name",
      "invalid_archive",
      "invalid_skill",
      "name_too_long",
      "not_a_file",
      "not_a_directory",
      "too_large",
      "disk_full",
      "quota_exceeded",
    ],
  },
  deleteSkill: {
    ...oneSkill,
    method: "DELETE",
    summary: "Delete a skill of your own",
    status: 204,
    errors: ["invalid_name", "skill_not_found"],
  },
  readMemory: {
    ...memory,
    method: "GET",
    path: "/v1/memory",
    summary: "List what is remembered of you across tasks",
    status: 200,
    response: MemoryIndex,
  },
  switchMemory: {
    ...memory,
    method: "PUT",
    path: "/v1/memory",
    summary: "Switch memory on or off",
    body: MemorySwitch,
    status: 200,
    response: MemoryIndex,
  },
  getMemory: {
    ...oneFile,
    method: "GET",
    summary: "Read a file of your memory, or an earlier version of it",
    query: MemoryVersionQuery,
    status: 200,
    response: MemoryContent,
    errors: ["invalid_path", "memory_not_found", "not_a_file"],
  },
  putMemory: {
    ...oneFile,
    method: "PUT",
    summary: "Write a file of your memory, or bring an earlier version back",
    body: MemoryWrite,
    status: 200,
    response: MemoryFile,
    errors: [
      "invalid_path",
      "memory_not_found",
      "nothing_to_update",
      "not_a_file",
      "name_too_long",
      "disk_full",
      "quota_exceeded",
    ],
  },
  deleteMemory: {
    ...oneFile,
    method: "DELETE",
    summary: "Delete a file of your memory; its versions are kept unless you ask for their erasure",
    query: MemoryRemoval,
    status: 204,
    errors: ["invalid_path", "memory_not_found", "not_a_file"],
  },
} as const satisfies Record<string, Endpoint>;
