import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EventReader, type Frame, openEvents } from "../../support/api/events.ts";
import { forgeToken } from "../../support/api/forge-token.ts";
import { ask, createTask, stranger } from "../../support/api/request.ts";
import {
  cancelRun,
  findFaults,
  finishRun,
  readMessages,
  readRun,
  spokenText,
  startRun,
} from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { type ModelServer, startModelServer } from "../../support/model-server.ts";
import { calls, says } from "../../support/model-turn.ts";
import { jwtSecret, platformKey, type TestUser } from "../../support/server.ts";
import { type ServerProcess, startServerProcess } from "../../support/server-process.ts";

/** Small, so that a test can use them up. */
const attempts = 3;

interface RunAnswer {
  status: string;
  attempt: number;
  worker: string | null;
}

let database: TestDatabase;
let models: ModelServer;
let dataDir: string;
let server: ServerProcess;
let userId: string;
let user: Pick<TestUser, "fetch">;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "zcbot-test-"));
  database = await createTestDatabase();
  models = await startModelServer();
  userId = randomUUID();
  await start();
});
afterAll(async () => {
  await server.kill();
  await models.close();
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(): Promise<void> {
  server = await startServerProcess({
    dataDir,
    databaseUrl: database.url,
    models,
    environment: { ZCBOT_LIMIT_ATTEMPTS: String(attempts) },
  });
  const login = { user_id: userId, platform_key: platformKey };
  const { body } = await ask<{ token: string }>(stranger(server.url), "POST", "/v1/auth/login", login);
  user = stranger(server.url, { Authorization: `Bearer ${body.token}` });
}

/** Kills the server and starts another one, which sees that its neighbour's process is gone. */
async function crash(): Promise<void> {
  await server.kill();
  await start();
}

/** Whatever a watcher has received until the connection breaks. */
async function readUntilCut(events: EventReader): Promise<Frame[]> {
  await events.all().catch(() => {});
  return events.frames;
}

describe("a server killed in the middle of a run", () => {
  test("loses nothing it acknowledged; the run does its step again and ends well", async () => {
    const task = await createTask(user, { name: "崩溃" });
    await finishRun(user, task.task_id, "第一条");
    const before = models.requests.length;
    models.script(
      { parts: [{ text: "说到" }, { text: "一半" }, { text: "不会到" }], paceMs: 30, stallAfter: 2 },
      says("这次说完"),
    );
    const run = await startRun(user, task.task_id, "第二条");
    const events = await openEvents(user, run.eventsUrl);
    await events.until("text", () => events.received().includes("一半"));
    const watching = readUntilCut(events);
    await crash();
    const seen = await watching;

    const frames = await readRun(user, run.eventsUrl);
    expect(frames.slice(0, seen.length).map(({ raw }) => raw)).toEqual(seen.map(({ raw }) => raw));
    expect(frames.map(({ id }) => id)).toEqual(frames.map((_, index) => index + 1));
    const resumed = frames.findIndex(({ event }) => event === "resumed");
    expect(frames.slice(resumed).map(({ event, data }) => [event, data.step ?? data.status])).toEqual([
      ["resumed", 1],
      ["llm_start", 1],
      ["text", undefined],
      ["usage", 1],
      ["llm_end", 1],
      ["done", "ok"],
    ]);
    expect(frames[resumed]?.data).toEqual({ step: 1, reason: "server_lost" });

    const messages = await readMessages(user, task.task_id);
    expect(findFaults(messages)).toEqual([]);
    expect(messages.map(({ payload }) => [payload.role, payload.content])).toEqual([
      ["user", "第一条"],
      ["assistant", "好的。"],
      ["user", "第二条"],
      ["assistant", "这次说完"],
    ]);
    // The model is asked the same again: what was streamed and not stored is no part of the conversation.
    expect(models.requests[before + 1]?.body).toEqual(models.requests[before]?.body);
    const { body } = await ask<RunAnswer>(user, "GET", `/v1/tasks/${task.task_id}/runs/${run.runId}`);
    expect(body).toMatchObject({ status: "ok", attempt: 2, worker: null });
  });

  test("before the first word keeps the message, and answers it", async () => {
    const task = await createTask(user, { name: "早崩" });
    const before = models.requests.length;
    models.script({ stallAfter: 0 });
    const run = await startRun(user, task.task_id, "收到了吗");
    await models.request(before);
    await crash();
    expect((await readRun(user, run.eventsUrl)).at(-1)?.event).toBe("done");
    const messages = await readMessages(user, task.task_id);
    expect(messages.map(({ payload }) => payload.content)).toEqual(["收到了吗", "好的。"]);
  });

  test("while a command runs says that its outcome is unknown, does not run it again, and goes on", async () => {
    const task = await createTask(user, { name: "命令中崩" });
    const command = "echo 一次 >> 次数; echo 开始; sleep 1000";
    models.script(calls("bash", { command }, "call_崩"), says("看过了"));
    const run = await startRun(user, task.task_id, "做");
    const events = await openEvents(user, run.eventsUrl);
    await events.until("tool_output");
    const watching = readUntilCut(events);
    await crash();
    await watching;
    const frames = await readRun(user, run.eventsUrl);
    const resumed = frames.findIndex(({ event }) => event === "resumed");
    expect(frames.slice(resumed).map(({ event, data }) => [event, data.step])).toEqual([
      ["resumed", 1],
      ["tool_result", undefined],
      ["llm_start", 2],
      ["text", undefined],
      ["usage", 2],
      ["llm_end", 2],
      ["done", undefined],
    ]);
    const messages = await readMessages(user, task.task_id);
    expect(findFaults(messages)).toEqual([]);
    expect(messages.at(-2)?.payload).toMatchObject({
      role: "tool",
      tool_call_id: "call_崩",
      content: expect.stringMatching(/not known whether it took effect/),
    });
    expect(await readFile(join(dataDir, task.working_dir, "次数"), "utf8")).toBe("一次\n");
  });

  test("again and again ends the run with a plain reason, and keeps what was said last", async () => {
    const task = await createTask(user, { name: "一直崩" });
    models.handle(() => ({ parts: [{ text: "又说" }], stallAfter: 1 }));
    const run = await startRun(user, task.task_id, "再来");
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const events = await openEvents(user, run.eventsUrl);
      await events.until(
        "text",
        () => events.frames.filter(({ event }) => event === "text").length === attempt,
      );
      const watching = readUntilCut(events);
      await crash();
      await watching;
    }
    models.reset();
    const frames = await readRun(user, run.eventsUrl);
    expect(frames.at(-1)).toMatchObject({ event: "error", data: { code: "crashed_repeatedly" } });
    expect(frames.filter(({ event }) => event === "resumed")).toHaveLength(attempts - 1);
    const messages = await readMessages(user, task.task_id);
    expect(messages.map(({ payload }) => payload.content)).toEqual(["再来", "又说"]);
    expect((await finishRun(user, task.task_id, "继续")).frames.at(-1)?.event).toBe("done");
  });

  test("after a cancel was acknowledged leaves the run cancelled", async () => {
    const task = await createTask(user, { name: "取消后崩" });
    const run = await startRun(user, task.task_id, "hang");
    const events = await openEvents(user, run.eventsUrl);
    await events.until("text");
    const watching = readUntilCut(events);
    expect((await cancelRun(user, task.task_id, run.runId)).status).toBe(202);
    await crash();
    const seen = await watching;
    const frames = await readRun(user, run.eventsUrl);
    expect(frames.slice(0, seen.length).map(({ raw }) => raw)).toEqual(seen.map(({ raw }) => raw));
    expect(frames.slice(-2).map(({ event }) => event)).toEqual(["cancelled", "done"]);
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  });

  test("many runs at once all go on to their end", async () => {
    const tasks = await Promise.all(
      Array.from({ length: 20 }, (_, n) => createTask(user, { name: `多个 ${n}` })),
    );
    const runs = await Promise.all(tasks.map((task) => startRun(user, task.task_id, "chat 100 5")));
    const first = await openEvents(user, runs[0]?.eventsUrl ?? "");
    await first.until("text", () => first.frames.length > 3);
    const watching = readUntilCut(first);
    await crash();
    await watching;
    for (const [index, run] of runs.entries()) {
      const frames = await readRun(user, run.eventsUrl);
      expect(frames.map(({ id }) => id)).toEqual(frames.map((_, position) => position + 1));
      expect(frames.at(-1)?.event).toBe("done");
      const messages = await readMessages(user, tasks[index]?.task_id ?? "");
      expect(findFaults(messages)).toEqual([]);
      expect(messages.at(-1)?.payload.content).toBe(spokenText(frames));
    }
  });

  test("tokens signed before it are still good", async () => {
    const exp = Math.floor(Date.now() / 1000) + 600;
    const claims = { sub: userId, scope: "user", iss: "zcbot", aud: "zcbot", iat: exp - 600, exp };
    const token = forgeToken(claims, jwtSecret);
    expect(
      (await ask(stranger(server.url, { Authorization: `Bearer ${token}` }), "GET", "/v1/tasks")).status,
    ).toBe(200);
  });
});

test("a server asked to end hands its runs over at their next step; the next one goes on", async () => {
  const task = await createTask(user, { name: "正常结束" });
  const gate = Promise.withResolvers<void>();
  models.script(
    { parts: [{ text: "先看" }, { until: gate.promise }, { toolCall: { name: "list", arguments: "{}" } }] },
    says("看完了"),
  );
  const run = await startRun(user, task.task_id, "看看目录");
  const events = await openEvents(user, run.eventsUrl);
  await events.until("text");
  const stopped = server.stop();
  gate.resolve();
  const [code, seen] = await Promise.all([stopped, readUntilCut(events)]);
  expect([code, seen.at(-1)?.event]).toEqual([0, "tool_result"]);
  await start();
  const frames = await readRun(user, run.eventsUrl);
  expect(frames.slice(0, seen.length).map(({ raw }) => raw)).toEqual(seen.map(({ raw }) => raw));
  expect(frames[seen.length]?.data).toEqual({ step: 2, reason: "server_stopped" });
  expect(frames.at(-1)?.event).toBe("done");
  const { body } = await ask<RunAnswer>(user, "GET", `/v1/tasks/${task.task_id}/runs/${run.runId}`);
  expect(body).toMatchObject({ status: "ok", attempt: 1 });
});

test("a server whose runs do not come to a step cuts them off, and they do that step again", async () => {
  const task = await createTask(user, { name: "等不到" });
  const command = "echo 一次 >> 次数; echo 开始; sleep 1000";
  models.script(calls("bash", { command }, "call_断"), says("知道了"));
  const run = await startRun(user, task.task_id, "做");
  const events = await openEvents(user, run.eventsUrl);
  await events.until("tool_output");
  const [code] = await Promise.all([server.stop(), readUntilCut(events)]);
  expect(code).toBe(0);
  await start();
  const frames = await readRun(user, run.eventsUrl);
  expect(frames.at(-1)).toMatchObject({ event: "done", data: { status: "ok" } });
  const messages = await readMessages(user, task.task_id);
  expect(messages[2]?.payload.content).toMatch(/killed because the run was stopped/);
  expect(await readFile(join(dataDir, task.working_dir, "次数"), "utf8")).toBe("一次\n");
});
