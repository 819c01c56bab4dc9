import { api, type EndpointName } from "../../../src/protocol/api.ts";
import { encodeForm, formType } from "../../support/api/multipart.ts";
import type { RawRequest } from "../../support/api/raw-request.ts";
import { platformKey } from "../../support/server.ts";
import { zipSkill } from "../../support/write-zip.ts";
import type { Ids, Thing } from "./belongings.ts";

/** How an endpoint is called so that it does what it is for, and whose it is. */
export interface Case {
  /** Needs no credential. Said here a second time, so that no row opens by accident. */
  open?: true;
  /** What it needs that there is. Its path's ids, and what `call` names, are of such a thing. */
  about?: Thing;
  /** What goes with the path. */
  call?: (ids: Ids) => { query?: Record<string, string>; json?: unknown; form?: Buffer; archive?: Buffer };
  /** Under a name of one's own choosing: whoever calls it makes something of their own. */
  makes?: true;
  /** The status of that call, where it is not the row's own. */
  status?: number;
}

/** Every row of the contract: one that is not here does not compile. */
export const plan: Record<EndpointName, Case> = {
  health: { open: true },
  login: {
    open: true,
    call: () => ({ json: { user_id: crypto.randomUUID(), platform_key: platformKey } }),
  },
  signIn: { open: true, call: () => ({ json: { code: "没有这个码" } }), status: 401 },
  signOut: { open: true },
  setSuspension: {
    open: true,
    call: () => ({ json: { user_id: crypto.randomUUID(), platform_key: platformKey, suspended: true } }),
  },
  me: {},
  createTask: { call: () => ({ json: { name: "新任务" } }) },
  listTasks: {},
  listFolders: {},
  listModels: {},
  listSkills: {},
  getSkill: { about: "skill" },
  putSkill: { about: "skill", makes: true, call: () => ({ archive: zipSkill("被换的做法") }) },
  deleteSkill: { about: "skill" },
  readMemory: {},
  switchMemory: { call: () => ({ json: { enabled: false } }) },
  getMemory: { about: "memory" },
  putMemory: { about: "memory", makes: true, call: () => ({ json: { content: "被改" } }) },
  deleteMemory: { about: "memory", call: () => ({ query: { versions: "true" } }) },
  readUsage: {},
  readApprovals: {},
  writeApprovals: { call: () => ({ json: { rules: [{ tool: "bash", action: "ask" }] } }) },
  listMcpServers: {},
  putMcpServer: {
    about: "toolServer",
    makes: true,
    call: () => ({ json: { url: "https://tools.example.com/mcp" } }),
  },
  deleteMcpServer: { about: "toolServer" },
  checkMcpServer: { about: "toolServer" },
  taskChanges: {},
  getTask: { about: "ended" },
  updateTask: { about: "ended", call: () => ({ json: { name: "被改" } }) },
  deleteTask: { about: "busy" },
  forkTask: { about: "ended", call: () => ({ json: { from_idx: 0 } }) },
  taskEvents: { about: "ended" },
  exportTask: { about: "ended" },
  listMessages: { about: "ended" },
  postMessage: { about: "ended", call: () => ({ json: { content: "偷看" } }) },
  listPending: { about: "busy" },
  getPending: { about: "busy" },
  updatePending: { about: "busy", call: () => ({ json: { content: "改写" } }) },
  deletePending: { about: "busy" },
  listRuns: { about: "ended" },
  getRun: { about: "ended", call: () => ({ query: { wait: "1" } }) },
  retryRun: { about: "ended" },
  answerRun: {
    about: "asking",
    call: ({ request_id }) => ({ json: { request_id, answers: ["表格"] } }),
  },
  cancelRun: { about: "busy" },
  runEvents: { about: "ended" },
  listFiles: { about: "file", call: ({ path }) => ({ query: { path } }) },
  downloadFile: { about: "file", call: ({ path }) => ({ query: { path } }) },
  rawFile: { about: "file", call: ({ path }) => ({ query: { path } }) },
  deleteFile: { about: "file", call: ({ path }) => ({ json: { path } }) },
  uploadFiles: {
    about: "file",
    call: ({ path }) => ({
      form: encodeForm([
        { name: "path", content: path.split("/").slice(0, -1).join("/") },
        { filename: "机密.txt", content: "被换" },
      ]),
    }),
  },
};

export const endpoints = Object.keys(plan) as EndpointName[];
export const closedEndpoints = endpoints.filter((name) => !plan[name].open);

/** The names of the ids in an endpoint's path. */
export function pathIds(name: EndpointName): (keyof Ids)[] {
  return [...api[name].path.matchAll(/\{(\w+)\}/g)].map(([, id]) => id as keyof Ids);
}

/** The request that calls an endpoint about the things with these ids. */
export function requestFor(name: EndpointName, ids: Ids): RawRequest {
  const { method, path } = api[name];
  const { query, json, form, archive } = plan[name].call?.(ids) ?? {};
  const filled = path
    .replaceAll(/\{(\w+)\}/g, (_, id: keyof Ids) => ids[id])
    .replaceAll(/[^\x21-\x7e]+/g, encodeURIComponent);
  const search = query ? `?${new URLSearchParams(query)}` : "";
  if (form) return { method, path: filled + search, headers: { "Content-Type": formType }, body: form };
  if (archive) return { method, path: filled + search, body: archive };
  if (json === undefined) return { method, path: filled + search };
  const headers = { "Content-Type": "application/json" };
  return { method, path: filled + search, headers, body: JSON.stringify(json) };
}
