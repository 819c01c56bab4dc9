import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Frame, openEvents } from "../../support/api/events.ts";
import { post } from "../../support/api/pending.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import { cancelRun, findFaults, readMessages, readStatus, startRun } from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/** A server whose shell a person has to allow. */
let database: TestDatabase;
let server: TestServer;
let user: TestUser;
let task: TaskAnswer;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({ databaseUrl: database.url, approvals: ["bash"], runs: 1 });
  user = await server.createUser();
});
afterAll(async () => {
  await server.close();
  await database.drop();
});
beforeEach(async () => {
  server.models.reset();
  task = await createTask(user, { name: `要问人 ${crypto.randomUUID()}` });
});

const question = { question: "用哪种格式？", choices: [{ label: "表格" }, { label: "列表" }] };

/** Starts a run that asks, and reads its events up to the request. */
async function startAsking(turn: Parameters<TestServer["models"]["script"]>[0]) {
  server.models.script(turn, says("明白了"));
  const run = await startRun(user, task.task_id, "写报告");
  const events = await openEvents(user, run.eventsUrl);
  const { data } = await events.until("request");
  await expect.poll(() => readStatus(user, task.task_id)).toBe("waiting");
  return { ...run, events, request: data, requestId: String(data.request_id) };
}

const answer = (runId: string, json: Record<string, unknown>) =>
  ask(user, "POST", `/v1/tasks/${task.task_id}/runs/${runId}/answers`, json);
const told = (frames: Frame[], event: string) => frames.find((frame) => frame.event === event)?.data;

describe("a question", () => {
  test("makes the run wait without a worker until it is answered, and the answer reaches the model", async () => {
    const run = await startAsking(calls("ask", question, "call_问"));
    expect(run.request).toEqual({
      request_id: run.requestId,
      call_id: "call_问",
      kind: "question",
      ...question,
      deadline: null,
    });
    // The only place of this server is free.
    const other = await createTask(user);
    expect((await ask(user, "GET", `/v1/tasks/${other.task_id}/runs`)).status).toBe(200);
    const beside = await openEvents(user, (await startRun(user, other.task_id, "chat 2 1")).eventsUrl);
    expect((await beside.all()).at(-1)?.event).toBe("done");

    const given = { request_id: run.requestId, answers: [" 表格 "], note: "带合计" };
    expect(await answer(run.runId, given)).toMatchObject({ status: 202, body: { ok: true } });
    const frames = await run.events.all();
    expect(told(frames, "answered")).toEqual({
      request_id: run.requestId,
      answers: ["表格"],
      note: "带合计",
      by: "person",
    });
    expect(frames.filter(({ event }) => event === "resumed").map(({ data }) => data)).toEqual([
      { step: 1, reason: "answered" },
    ]);
    expect(frames.at(-1)?.data).toMatchObject({ status: "ok" });
    const messages = await readMessages(user, task.task_id);
    expect(messages[2]?.payload.content).toMatch(/表格[\s\S]*带合计/);
    expect(findFaults(messages)).toEqual([]);
  });

  test("survives a restart of the server", async () => {
    const run = await startAsking(calls("ask", question, "call_问"));
    await server.restart();
    expect(await readStatus(user, task.task_id)).toBe("waiting");
    const events = await openEvents(user, run.eventsUrl);
    expect((await answer(run.runId, { request_id: run.requestId, answers: ["列表"] })).status).toBe(202);
    expect((await events.all()).at(-1)?.data).toMatchObject({ status: "ok" });
  });

  test("that nobody answers in time is answered as it says", async () => {
    const turn = calls("ask", { ...question, wait_minutes: 60, default_answer: "列表" });
    const run = await startAsking(turn);
    expect(run.request).toMatchObject({
      deadline: expect.stringMatching(/Z$/),
      fallback: { answers: ["列表"] },
    });
    await database.database.pool.query(
      "update requests set deadline = now() - interval '1 second' where request_id = $1",
      [run.requestId],
    );
    const frames = await run.events.all();
    expect(told(frames, "answered")).toMatchObject({ answers: ["列表"], by: "deadline" });
    expect((await readMessages(user, task.task_id))[2]?.payload.content).toMatch(/in time.*列表/);
  });

  test("takes only what answers it, only once, and only from whoever the run belongs to", async () => {
    const run = await startAsking(calls("ask", question));
    const { requestId } = run;
    const stranger = await server.createUser();
    const path = `/v1/tasks/${task.task_id}/runs/${run.runId}/answers`;
    const refusals = [
      await answer(run.runId, { request_id: requestId, decision: "allow" }),
      await answer(run.runId, { request_id: requestId, answers: [" "] }),
      await answer(run.runId, { request_id: requestId, answers: ["表格", "列表"] }),
      await answer(run.runId, { request_id: crypto.randomUUID(), answers: ["表格"] }),
      await answer(run.runId, { request_id: "不是", answers: ["表格"] }),
      await answer(crypto.randomUUID(), { request_id: requestId, answers: ["表格"] }),
      await ask(stranger, "POST", path, { request_id: requestId, answers: ["表格"] }),
    ];
    expect(refusals.map(({ status, body }) => [status, body.code])).toEqual([
      [400, "invalid_answer"],
      [400, "invalid_answer"],
      [400, "invalid_answer"],
      [404, "request_not_found"],
      [404, "request_not_found"],
      [404, "run_not_found"],
      [404, "run_not_found"],
    ]);
    const both = await Promise.all(
      ["表格", "列表"].map((one) => answer(run.runId, { request_id: requestId, answers: [one] })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([202, 409]);
    await run.events.all();
    const late = await answer(run.runId, { request_id: requestId, answers: ["表格"] });
    expect(late.body.code).toBe("request_answered");
  });

  test("is cancelled with its run, at once, and its call is answered", async () => {
    const run = await startAsking(calls("ask", question));
    expect((await cancelRun(user, task.task_id, run.runId)).status).toBe(202);
    expect((await run.events.all()).slice(-2).map(({ event }) => event)).toEqual(["cancelled", "done"]);
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
    expect((await answer(run.runId, { request_id: run.requestId, answers: ["表格"] })).status).toBe(409);
  });

  test("keeps a message that steers waiting, and both reach the model", async () => {
    const run = await startAsking(calls("ask", question));
    await post(user, task.task_id, "快一点", "steer");
    await answer(run.runId, { request_id: run.requestId, answers: ["表格"] });
    const frames = await run.events.all();
    expect(told(frames, "steered")).toMatchObject({ content: "快一点" });
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  });
});

test("a run that waited and can no longer be worked on leaves a valid conversation", async () => {
  const run = await startAsking(calls("ask", question));
  await database.database.pool.query("update tasks set model_profile = '没有' where task_id = $1", [
    task.task_id,
  ]);
  await answer(run.runId, { request_id: run.requestId, answers: ["表格"] });
  expect((await run.events.all()).at(-1)?.data).toMatchObject({ code: "model_profile_unknown" });
  expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
});

test("a question with what cannot be stored is asked all the same", async () => {
  const run = await startAsking(calls("ask", '{"question":"什么\\u0000？","default_answer":"\\ud800"}'));
  expect(run.request).toMatchObject({ question: "什么\uFFFD？" });
  await cancelRun(user, task.task_id, run.runId);
});

describe("a tool that needs leave", () => {
  const command = "echo 做了 >> 结果";
  const readResult = () => user.fetch(`/v1/files/download?path=${encodeURIComponent(`${task.name}/结果`)}`);

  test("runs once it is allowed, and not before", async () => {
    const run = await startAsking(calls("bash", { command }, "call_令"));
    expect(run.request).toMatchObject({ kind: "approval", tool: "bash", arguments: { command } });
    expect(run.request.fallback).toMatchObject({ decision: "deny" });
    expect((await readResult()).status).toBe(404);
    await answer(run.runId, { request_id: run.requestId, decision: "allow" });
    expect((await run.events.all()).at(-1)?.data).toMatchObject({ status: "ok" });
    expect(await (await readResult()).text()).toBe("做了\n");
  });

  test("does not run where it is not, and the model reads why", async () => {
    const run = await startAsking(calls("bash", { command }));
    await answer(run.runId, { request_id: run.requestId, decision: "deny", note: "先别动" });
    const frames = await run.events.all();
    expect(told(frames, "tool_result")).toMatchObject({
      is_error: true,
      content: expect.stringMatching(/did not allow.*先别动/),
    });
    expect((await readResult()).status).toBe(404);
  });
});
