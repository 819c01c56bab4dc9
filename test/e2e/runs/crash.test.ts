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
  readStatus,
  startRun,
} from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { type ModelServer, startModelServer } from "../../support/model-server.ts";
import { calls } from "../../support/model-turn.ts";
import { jwtSecret, platformKey, type TestUser } from "../../support/server.ts";
import { type ServerProcess, startServerProcess } from "../../support/server-process.ts";

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
  server = await startServerProcess({ dataDir, databaseUrl: database.url, models });
  const login = { user_id: userId, platform_key: platformKey };
  const { body } = await ask<{ token: string }>(stranger(server.url), "POST", "/v1/auth/login", login);
  user = stranger(server.url, { Authorization: `Bearer ${body.token}` });
}

/** Kills the server and starts another one. The dead one's lease is ended by hand instead of waited for. */
async function crash(): Promise<void> {
  await server.kill();
  await database.database.pool.query("update servers set expires_at = now() - interval '1 second'");
  await start();
}

/** Whatever a watcher has received until the connection breaks. */
async function readUntilCut(events: EventReader): Promise<Frame[]> {
  await events.all().catch(() => {});
  return events.frames;
}

describe("a server killed in the middle of a run", () => {
  test("loses nothing it acknowledged: message, text, events; the run ends with a plain reason", async () => {
    const task = await createTask(user, { name: "崩溃" });
    await finishRun(user, task.task_id, "第一条");
    models.script({
      parts: [{ text: "说到" }, { text: "一半" }, { text: "不会到" }],
      paceMs: 30,
      stallAfter: 2,
    });
    const run = await startRun(user, task.task_id, "第二条");
    const events = await openEvents(user, run.eventsUrl);
    await events.until("text", () => events.received().includes("一半"));
    const watching = readUntilCut(events);
    await crash();
    const seen = await watching;

    const frames = await readRun(user, run.eventsUrl);
    expect(frames.slice(0, seen.length).map(({ raw }) => raw)).toEqual(seen.map(({ raw }) => raw));
    expect(frames.map(({ id }) => id)).toEqual(frames.map((_, index) => index + 1));
    expect(frames.at(-1)).toMatchObject({
      event: "error",
      data: { code: expect.stringMatching(/^[a-z_]+$/), msg: expect.stringMatching(/^[A-Z].*\.$/) },
    });
    expect(await readStatus(user, task.task_id)).toBe("error");

    const messages = await readMessages(user, task.task_id);
    expect(findFaults(messages)).toEqual([]);
    expect(messages.map(({ payload }) => [payload.role, payload.content])).toEqual([
      ["user", "第一条"],
      ["assistant", "好的。"],
      ["user", "第二条"],
      ["assistant", "说到一半"],
    ]);
    expect((await cancelRun(user, task.task_id, run.runId)).status).toBe(409);
    expect((await finishRun(user, task.task_id, "第三条")).frames.at(-1)?.event).toBe("done");
  });

  test("before the first word keeps the message", async () => {
    const task = await createTask(user, { name: "早崩" });
    const before = models.requests.length;
    models.script({ stallAfter: 0 });
    const run = await startRun(user, task.task_id, "收到了吗");
    await models.request(before);
    await crash();
    expect((await readRun(user, run.eventsUrl)).at(-1)?.event).toBe("error");
    const messages = await readMessages(user, task.task_id);
    expect(messages.map(({ payload }) => payload.content)).toEqual(["收到了吗"]);
    expect((await finishRun(user, task.task_id, "再来")).frames.at(-1)?.event).toBe("done");
  });

  test("while a command runs answers its call, and does not run it again", async () => {
    const task = await createTask(user, { name: "命令中崩" });
    const command = "echo 一次 >> 次数; echo 开始; sleep 1000";
    models.script(calls("bash", { command }, "call_崩"));
    const run = await startRun(user, task.task_id, "做");
    const events = await openEvents(user, run.eventsUrl);
    await events.until("tool_output");
    const watching = readUntilCut(events);
    await crash();
    await watching;
    expect((await readRun(user, run.eventsUrl)).at(-1)?.event).toBe("error");
    const messages = await readMessages(user, task.task_id);
    expect(findFaults(messages)).toEqual([]);
    expect(messages.at(-1)?.payload).toMatchObject({
      role: "tool",
      tool_call_id: "call_崩",
      content: expect.stringMatching(/unknown|not known/),
    });
    expect((await finishRun(user, task.task_id, "然后")).frames.at(-1)?.event).toBe("done");
    expect(await readFile(join(dataDir, task.working_dir, "次数"), "utf8")).toBe("一次\n");
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

  test("many runs at once all end, and every task goes on", async () => {
    const tasks = await Promise.all(
      Array.from({ length: 20 }, (_, n) => createTask(user, { name: `多个 ${n}` })),
    );
    const runs = await Promise.all(tasks.map((task) => startRun(user, task.task_id, "chat 400 5")));
    const first = await openEvents(user, runs[0]?.eventsUrl ?? "");
    await first.until("text", () => first.frames.length > 10);
    const watching = readUntilCut(first);
    await crash();
    await watching;
    for (const [index, run] of runs.entries()) {
      const frames = await readRun(user, run.eventsUrl);
      expect(frames.map(({ id }) => id)).toEqual(frames.map((_, position) => position + 1));
      expect(frames.at(-1)?.event).toBe("error");
      const taskId = tasks[index]?.task_id ?? "";
      const messages = await readMessages(user, taskId);
      expect(findFaults(messages)).toEqual([]);
      const told = frames.filter(({ event }) => event === "text").map(({ data }) => data.text);
      if (told.length > 0) expect(messages.at(-1)?.payload.content).toBe(told.join(""));
      expect((await finishRun(user, taskId, "继续")).frames.at(-1)?.event).toBe("done");
    }
  });

  test("tokens signed before it are still good", async () => {
    const exp = Math.floor(Date.now() / 1000) + 600;
    const claims = { sub: userId, scope: "user", iss: "zcbot", aud: "zcbot", exp };
    const token = forgeToken(claims, jwtSecret);
    expect(
      (await ask(stranger(server.url, { Authorization: `Bearer ${token}` }), "GET", "/v1/tasks")).status,
    ).toBe(200);
  });
});

test("a server asked to end does so with a word to every watcher", async () => {
  const task = await createTask(user, { name: "正常结束" });
  const run = await startRun(user, task.task_id, "hang");
  const events = await openEvents(user, run.eventsUrl);
  await events.until("text");
  const [code, frames] = await Promise.all([server.stop(), events.all()]);
  expect([code, frames.at(-1)?.event]).toEqual([0, "error"]);
  await start();
  expect((await readRun(user, run.eventsUrl)).at(-1)?.event).toBe("error");
  expect((await finishRun(user, task.task_id, "继续")).frames.at(-1)?.event).toBe("done");
});
