import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, type EndpointName } from "../../../src/protocol/api.ts";
import { openEvents } from "../../support/api/events.ts";
import { ask, createTask, readAnswer, stranger, type TaskAnswer } from "../../support/api/request.ts";
import {
  finishRun,
  readMessages,
  readRun,
  type StartedRun,
  startHangingRun,
} from "../../support/api/runs.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let owner: TestUser;
let thief: TestUser;
let task: TaskAnswer;
let ended: StartedRun;
/** A run that is at work while the tests look, of a task of its own. */
let busyTask: TaskAnswer;
let active: StartedRun;
/** What the thief has by right. */
let own: { task: TaskAnswer; run: StartedRun };

beforeAll(async () => {
  server = await startTestServer();
  owner = await server.createUser();
  thief = await server.createUser();
  task = await createTask(owner, { name: "机密任务", working_dir: "机密目录" });
  ended = await finishRun(owner, task.task_id);
  const upload = new FormData();
  upload.append("path", "机密目录");
  upload.append("files", new Blob(["机密内容"]), "机密.txt");
  expect((await owner.fetch("/v1/files/upload", { method: "POST", body: upload })).status).toBe(200);
  busyTask = await createTask(owner, { name: "机密任务二" });
  active = await startHangingRun(owner, busyTask.task_id);
  const ownTask = await createTask(thief, { name: "自己的" });
  own = { task: ownTask, run: await finishRun(thief, ownTask.task_id) };
});
afterAll(() => server.close());

/** How each endpoint is asked about somebody else's things. What names no such thing only shows the caller's own. */
const probes: Record<
  EndpointName,
  ((task: string, run: string) => [path: string, json?: unknown]) | "open" | "own"
> = {
  health: "open",
  login: "open",
  signIn: "open",
  signOut: "open",
  me: "own",
  createTask: "own",
  listTasks: "own",
  listFolders: "own",
  listFiles: "own",
  downloadFile: "own",
  uploadFiles: "own",
  deleteFile: "own",
  listModels: "own",
  listSkills: "own",
  getTask: (id) => [`/v1/tasks/${id}`],
  updateTask: (id) => [`/v1/tasks/${id}`, { name: "被改" }],
  deleteTask: (id) => [`/v1/tasks/${id}`],
  listMessages: (id) => [`/v1/tasks/${id}/messages`],
  postMessage: (id) => [`/v1/tasks/${id}/messages`, { content: "偷看" }],
  listRuns: (id) => [`/v1/tasks/${id}/runs`],
  cancelRun: (id, run) => [`/v1/tasks/${id}/runs/${run}/cancel`],
  runEvents: (id, run) => [`/v1/tasks/${id}/runs/${run}/events`],
  exportTask: (id) => [`/v1/tasks/${id}/export`],
  forkTask: (id) => [`/v1/tasks/${id}/fork`, { from_idx: 0 }],
  taskEvents: (id) => [`/v1/tasks/${id}/events`],
  taskChanges: "own",
  listPending: (id) => [`/v1/tasks/${id}/pending`],
  getPending: (id, run) => [`/v1/tasks/${id}/pending/${run}`],
  updatePending: (id, run) => [`/v1/tasks/${id}/pending/${run}`, { content: "改写" }],
  deletePending: (id, run) => [`/v1/tasks/${id}/pending/${run}`],
  getRun: (id, run) => [`/v1/tasks/${id}/runs/${run}`],
  retryRun: (id, run) => [`/v1/tasks/${id}/runs/${run}/retry`],
  answerRun: (id, run) => [
    `/v1/tasks/${id}/runs/${run}/answers`,
    { request_id: randomUUID(), decision: "allow" },
  ],
};

const named = Object.entries(probes).flatMap(([name, probe]) =>
  typeof probe === "function" ? [{ name: name as EndpointName, probe }] : [],
);
const protectedNames = (Object.keys(api) as EndpointName[]).filter((name) => probes[name] !== "open");

/** All of an answer that must not differ. */
async function look(user: Pick<TestUser, "fetch">, name: EndpointName, [path, json]: [string, unknown?]) {
  const answer = await ask<Record<string, unknown>>(user, api[name].method, path, json);
  const { request_id, ...body } = answer.body;
  expect(request_id).toBeTypeOf("string");
  const headers = [...answer.headers.keys()].filter((header) => header !== "x-request-id");
  return { status: answer.status, body, headers, length: answer.text.length };
}

describe("another user's things look exactly like missing ones", () => {
  test.each(named)("$name", async ({ name, probe }) => {
    const missing = await look(thief, name, probe(randomUUID(), randomUUID()));
    expect(missing.status).toBe(404);
    for (const [foreignTask, foreignRun] of [
      [task.task_id, ended.runId],
      [busyTask.task_id, active.runId],
      [task.task_id, active.runId],
      [task.task_id, randomUUID()],
      [busyTask.task_id, own.run.runId],
      [task.task_id.toUpperCase(), ended.runId.toUpperCase()],
    ] as const) {
      expect(await look(thief, name, probe(foreignTask, foreignRun))).toEqual(missing);
    }
  });

  const ofRuns = named.filter(({ name }) => api[name].path.includes("{run_id}"));
  test.each(ofRuns)("$name: a run under a task that is not its own", async ({ name, probe }) => {
    const missing = await look(thief, name, probe(own.task.task_id, randomUUID()));
    for (const run of [ended.runId, active.runId]) {
      expect(await look(thief, name, probe(own.task.task_id, run))).toEqual(missing);
    }
    const missingForOwner = await look(owner, name, probe(task.task_id, randomUUID()));
    expect(await look(owner, name, probe(task.task_id, active.runId))).toEqual(missingForOwner);
  });
});

test("nothing of the owner's was changed by all that asking", async () => {
  expect((await ask<TaskAnswer>(owner, "GET", `/v1/tasks/${task.task_id}`)).body).toMatchObject({
    name: "机密任务",
    status: "active",
  });
  expect(await readMessages(owner, task.task_id)).toHaveLength(2);
  expect((await readRun(owner, ended.eventsUrl)).at(-1)?.event).toBe("done");
  const stillHanging = await openEvents(owner, active.eventsUrl);
  await stillHanging.until("text");
  stillHanging.close();
});

test("lists show nobody else's things", async () => {
  for (const path of ["/v1/tasks?q=机密", "/v1/tasks", "/v1/folders", "/v1/files"]) {
    expect((await ask(thief, "GET", path)).text).not.toContain("机密");
  }
  const filtered = `/v1/tasks?working_dir=${encodeURIComponent(task.working_dir)}`;
  expect((await ask<{ count: number }>(thief, "GET", filtered)).body.count).toBe(0);
});

const stolenPaths = () => [
  "机密目录/机密.txt",
  `../${owner.userId}/机密目录/机密.txt`,
  `自己的/../../${owner.userId}/机密目录/机密.txt`,
  `workspace/users/${owner.userId}/机密目录/机密.txt`,
  join(server.dataDir, "workspace/users", owner.userId, "机密目录/机密.txt"),
  `/proc/self/cwd/../${owner.userId}`,
  `..\\${owner.userId}\\机密目录\\机密.txt`,
];

test("no path of files reaches another user's", async () => {
  for (const path of stolenPaths()) {
    const query = `path=${encodeURIComponent(path)}`;
    const answers = [
      await ask(thief, "GET", `/v1/files/download?${query}`),
      await ask(thief, "POST", "/v1/files/delete", { path }),
    ];
    for (const { status } of answers) expect([path, [400, 404].includes(status)]).toEqual([path, true]);
    expect((await ask(thief, "GET", `/v1/files?${query}`)).text).not.toContain('机密.txt","is_dir');
  }
  const kept = join(server.dataDir, "workspace/users", owner.userId, "机密目录/机密.txt");
  expect(await readFile(kept, "utf8")).toBe("机密内容");
});

describe("without a credential", () => {
  test.each(protectedNames)("%s gets 401, whatever it is asked about", async (name) => {
    const { method, path } = api[name];
    const asked = path.replace("{task_id}", task.task_id).replace("{run_id}", ended.runId);
    for (const address of [asked, path.replaceAll(/\{\w+\}/g, "no-id")]) {
      const answer = await readAnswer(
        await stranger(server.url).fetch(address, { method, ...(method !== "GET" && { json: {} }) }),
      );
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    }
  });
});
