import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Frame, openEvents } from "../../support/api/events.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import {
  cancelRun,
  findFaults,
  finishRun,
  readMessages,
  readStatus,
  startRun,
} from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let task: TaskAnswer;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.models.reset();
  task = await createTask(user, { name: `分派 ${crypto.randomUUID()}` });
});

const hand = (work: string) => calls("delegate", { task: work }, "call_分");
const nested = (frames: Frame[]) =>
  frames.flatMap(({ event, data }) =>
    event === "delegated" ? [data.event as { type: string } & Record<string, unknown>] : [],
  );

test("a sub-agent works in the task's directory; its events stand in the run's, its tokens in the run's count", async () => {
  const usage = { input: 100, output: 10 };
  server.models.script(
    { ...hand("写一份报告"), usage },
    { ...calls("write", { path: "报告.md", content: "三行" }, "call_写"), usage },
    { ...says("报告写", "好了"), usage },
    { ...says("都好了"), usage },
  );
  const { frames } = await finishRun(user, task.task_id);
  expect(frames.at(-1)?.data).toMatchObject({ status: "ok", tokens_in: 400, tokens_out: 40 });
  const told = nested(frames);
  expect(told.map(({ type }) => type)).toEqual(
    expect.arrayContaining(["llm_start", "tool_call", "tool_result", "text", "llm_end"]),
  );
  const said = told.flatMap(({ type, text }) => (type === "text" ? [text] : []));
  expect(said.join("")).toBe("报告写好了");
  const counted = frames.flatMap(({ event, data }) => (event === "usage" ? [data.purpose] : []));
  expect(counted).toEqual(["step", "delegate", "delegate", "step"]);
  const file = await user.fetch(`/v1/files/download?path=${encodeURIComponent(`${task.name}/报告.md`)}`);
  expect(await file.text()).toBe("三行");
  const messages = await readMessages(user, task.task_id);
  expect(messages.map(({ payload }) => payload.role)).toEqual(["user", "assistant", "tool", "assistant"]);
  expect(messages[2]?.payload.content).toBe("报告写好了");
  expect(findFaults(messages)).toEqual([]);
  const { body } = await ask<TaskAnswer>(user, "GET", `/v1/tasks/${task.task_id}`);
  expect([body.tokens_prompt, body.tokens_completion]).toEqual([400, 40]);
});

test("what a sub-agent would have to ask about is refused at once, and the run goes on", async () => {
  await ask(user, "PATCH", `/v1/tasks/${task.task_id}`, { approvals: [{ tool: "bash", action: "ask" }] });
  server.models.script(
    hand("跑一下"),
    calls("bash", { command: "touch 不该有" }),
    says("要先问人"),
    says("好了"),
  );
  const { frames } = await finishRun(user, task.task_id);
  expect(frames.at(-1)?.data).toMatchObject({ status: "ok" });
  expect(frames.some(({ event }) => event === "request")).toBe(false);
  expect(nested(frames).find(({ type }) => type === "tool_result")).toMatchObject({
    is_error: true,
    content: expect.stringMatching(/Report back/),
  });
});

test("a cancel reaches a sub-agent in the middle of its answer", async () => {
  server.models.script(hand("慢慢来"), { ...says("正在", "…"), stallAfter: 1 });
  const run = await startRun(user, task.task_id);
  const events = await openEvents(user, run.eventsUrl);
  await events.until("delegated", ({ data }) => (data.event as { type: string }).type === "text");
  expect((await cancelRun(user, task.task_id, run.runId)).status).toBe(202);
  expect((await events.all()).slice(-2).map(({ event }) => event)).toEqual(["cancelled", "done"]);
  expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
});

test("what sub-agents took of a run's steps stays taken when it goes on after an answer", async () => {
  const small = await startTestServer({ steps: 7 });
  try {
    const person = await small.createUser();
    const { task_id } = await createTask(person);
    const look = (id: string) => calls("list", { path: "." }, id);
    small.models.script(
      ...[hand("看"), look("一"), look("二"), says("看过了")],
      calls("ask", { question: "继续？" }, "call_问"),
      ...[look("四"), look("五"), says("好")],
    );
    const run = await startRun(person, task_id);
    const events = await openEvents(person, run.eventsUrl);
    const { data } = await events.until("request");
    await expect.poll(() => readStatus(person, task_id)).toBe("waiting");
    const given = { request_id: data.request_id, answers: ["是"] };
    await ask(person, "POST", `/v1/tasks/${task_id}/runs/${run.runId}/answers`, given);
    const frames = await events.all();
    expect(frames.find(({ event }) => event === "error")?.data).toMatchObject({ code: "step_limit" });
    expect(findFaults(await readMessages(person, task_id))).toEqual([]);
  } finally {
    await small.close();
  }
});
