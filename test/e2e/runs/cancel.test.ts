import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { createTask, type TaskAnswer } from "../../support/api/request.ts";
import {
  cancelRun,
  findFaults,
  finishRun,
  readMessages,
  readStatus,
  startHangingRun,
  startRun,
} from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
});
afterAll(() => server.close());

const cancel = (task: TaskAnswer, runId: string) => cancelRun(user, task.task_id, runId);
const ends = (frames: { event: string; data: unknown }[]) =>
  frames.slice(-2).map(({ event, data }) => [event, data]);
const cancelledEnd = [
  ["cancelled", {}],
  ["done", { status: "cancelled", tokens_in: expect.any(Number), tokens_out: expect.any(Number) }],
];

describe("cancelling a run", () => {
  test("is answered 202, ends it as cancelled and stores the text there was", async () => {
    const task = await createTask(user);
    const before = server.models.requests.length;
    const run = await startHangingRun(user, task.task_id);
    const answer = await cancel(task, run.runId);
    expect([answer.status, answer.body]).toEqual([
      202,
      { ok: true, run_id: run.runId, status: "cancelling" },
    ]);
    expect(ends(await run.events.all())).toEqual(cancelledEnd);
    expect(await (await server.models.request(before)).closedEarly).not.toBeNull();
    expect(await readStatus(user, task.task_id)).toBe("cancelled");
    const messages = await readMessages(user, task.task_id);
    expect(messages.map(({ payload }) => [payload.role, payload.content])).toEqual([
      ["user", "hang"],
      ["assistant", "…"],
    ]);
  });

  test("a second time, or after its end, gets 409", async () => {
    const task = await createTask(user);
    const run = await startHangingRun(user, task.task_id);
    expect((await cancel(task, run.runId)).status).toBe(202);
    expect((await cancel(task, run.runId)).status).toBe(409);
    await run.events.all();
    expect((await cancel(task, run.runId)).status).toBe(409);
    const finished = await finishRun(user, task.task_id);
    expect((await cancel(task, finished.runId)).status).toBe(409);
  });

  test("many times at once works once, every time", async () => {
    for (let round = 0; round < 15; round += 1) {
      const task = await createTask(user);
      const run = await startHangingRun(user, task.task_id);
      const answers = await Promise.all(Array.from({ length: 4 }, () => cancel(task, run.runId)));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([202, 409, 409, 409]);
      expect(ends(await run.events.all())).toEqual(cancelledEnd);
    }
  });

  test("at whatever moment leaves a valid conversation and a task that takes the next message", async () => {
    const task = await createTask(user);
    for (let round = 0; round < 20; round += 1) {
      const run = await startRun(user, task.task_id, "chat 3 1");
      const events = await openEvents(user, run.eventsUrl);
      for (let seen = 0; seen < round % 5; seen += 1) await events.next();
      const { status } = await cancel(task, run.runId);
      expect([202, 409]).toContain(status);
      const last = (await events.all()).at(-1);
      // The run may have said its last word while the cancel was on its way.
      const possible = status === 202 ? ["cancelled", "ok"] : ["ok"];
      expect([last?.event, possible.includes(String(last?.data.status))]).toEqual(["done", true]);
      expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
    }
  });

  test("that is unknown, malformed or of another task is 404", async () => {
    const [task, other] = [await createTask(user), await createTask(user)];
    const run = await startHangingRun(user, task.task_id);
    for (const [of, runId] of [
      [task.task_id, randomUUID()],
      [other.task_id, run.runId],
      [randomUUID(), run.runId],
      [task.task_id, "no-id"],
    ] as const) {
      expect((await cancelRun(user, of, runId)).status).toBe(404);
    }
    expect(await readStatus(user, task.task_id)).toBe("running");
    expect((await cancelRun(user, task.task_id.toUpperCase(), run.runId.replaceAll("-", ""))).status).toBe(
      202,
    );
    await run.events.all();
  });

  test("before the model's first word stores nothing of it", async () => {
    const task = await createTask(user);
    const before = server.models.requests.length;
    server.models.script({ stallAfter: 0 });
    const run = await startRun(user, task.task_id);
    const request = await server.models.request(before);
    expect((await cancel(task, run.runId)).status).toBe(202);
    expect(ends(await (await openEvents(user, run.eventsUrl)).all())).toEqual(cancelledEnd);
    expect(await request.closedEarly).not.toBeNull();
    expect(await readMessages(user, task.task_id)).toHaveLength(1);
  });

  test("while it waits to try the model again ends it at once", async () => {
    const task = await createTask(user);
    server.models.script({ status: 429, headers: { "retry-after": "60" }, body: "" });
    const run = await startRun(user, task.task_id);
    const events = await openEvents(user, run.eventsUrl);
    await events.until("retry");
    expect((await cancel(task, run.runId)).status).toBe(202);
    expect(ends(await events.all())).toEqual(cancelledEnd);
  });

  test("the next message goes on from what was said", async () => {
    const task = await createTask(user);
    const run = await startHangingRun(user, task.task_id);
    await cancel(task, run.runId);
    await run.events.all();
    const before = server.models.requests.length;
    await finishRun(user, task.task_id, "继续");
    const { messages } = (await server.models.request(before)).body as {
      messages: { role: string; content: string }[];
    };
    expect(messages.slice(1).map(({ role, content }) => [role, content])).toEqual([
      ["user", "hang"],
      ["assistant", "…"],
      ["user", "继续"],
    ]);
  });
});

describe("cancelling while a tool is at work", () => {
  test("kills it with all its children, and answers its call and those behind it", async () => {
    const task = await createTask(user);
    const command = "sleep 1000 & echo $! > 子; echo $$ > 父; echo 开始; wait; echo 不该 > 后";
    const toolCalls = [
      { id: "call_1", name: "bash", arguments: JSON.stringify({ command }) },
      { id: "call_2", name: "write", arguments: JSON.stringify({ path: "不该有.txt", content: "x" }) },
    ];
    server.models.script({ parts: [{ text: "开始做。" }, ...toolCalls.map((toolCall) => ({ toolCall }))] });
    const run = await startRun(user, task.task_id, "做事");
    const events = await openEvents(user, run.eventsUrl);
    await events.until("tool_output", ({ data }) => String(data.text).includes("开始"));
    const directory = join(server.dataDir, task.working_dir);
    const pids = await Promise.all(["父", "子"].map((file) => readFile(join(directory, file), "utf8")));

    expect((await cancel(task, run.runId)).status).toBe(202);
    const frames = await events.all();
    expect(ends(frames)).toEqual(cancelledEnd);
    // Where the ids are those of this machine, and not of a sandbox's own.
    for (const pid of pids) expect(isAlive(Number(pid), "sleep 1000")).toBe(false);
    expect(existsSync(join(directory, "后"))).toBe(false);
    expect(existsSync(join(directory, "不该有.txt"))).toBe(false);

    const messages = await readMessages(user, task.task_id);
    expect(findFaults(messages)).toEqual([]);
    expect(messages.map(({ payload }) => payload.role)).toEqual(["user", "assistant", "tool", "tool"]);
    for (const { payload } of messages.slice(2)) expect(payload.content).toMatch(/stopped|killed/);
    const results = frames.filter(({ event }) => event === "tool_result");
    expect(results.map(({ data }) => data.id).toSorted()).toEqual(["call_1", "call_2"]);
    expect(results.every(({ data }) => data.is_error === true)).toBe(true);
  });

  test("the model is not asked again", async () => {
    const task = await createTask(user);
    const before = server.models.requests.length;
    server.models.script(calls("bash", { command: "echo 开始; sleep 1000" }), says("不该说。"));
    const run = await startRun(user, task.task_id);
    const events = await openEvents(user, run.eventsUrl);
    await events.until("tool_output");
    await cancel(task, run.runId);
    await events.all();
    expect(server.models.requests.length).toBe(before + 1);
    const next = await finishRun(user, task.task_id, "下一条");
    expect(next.frames.at(-1)?.event).toBe("done");
  });
});

/** Whether this process still runs this command; a number that was given to another process does not count. */
function isAlive(pid: number, command: string): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").includes(command);
  } catch {
    return false;
  }
}
