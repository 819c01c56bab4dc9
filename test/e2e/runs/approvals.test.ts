import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Frame, openEvents } from "../../support/api/events.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import { findFaults, finishRun, readMessages, startRun } from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { calls, says, type Turn } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let database: TestDatabase;
let server: TestServer;
let user: TestUser;
let task: TaskAnswer;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({ databaseUrl: database.url }, (modelsUrl) => ({
    profiles: {
      主: { provider: "openai-compatible", model: "甲", baseUrl: modelsUrl },
      严: {
        provider: "openai-compatible",
        model: "乙",
        baseUrl: modelsUrl,
        approvals: [{ tool: "bash", argument: "curl*", action: "deny" }],
      },
    },
    defaultProfile: "主",
    approvals: ["remember", { tool: "bash", argument: "git push*", action: "deny" }],
  }));
});
afterAll(async () => {
  await server.close();
  await database.drop();
});
beforeEach(async () => {
  server.models.reset();
  user = await server.createUser();
  task = await createTask(user, { name: `规则 ${crypto.randomUUID()}` });
});

const setRules = async (...rules: Record<string, string>[]) => {
  expect((await ask(user, "PUT", "/v1/approvals", { rules })).status).toBe(200);
};
const bash = (command: string): Turn => calls("bash", { command });
const resultsOf = (frames: Frame[]) =>
  frames.flatMap(({ event, data }) => (event === "tool_result" ? [String(data.content)] : []));

/** A run whose model makes these calls one after the other, up to its first request. */
async function startAsking(...turns: Turn[]) {
  server.models.script(...turns, says("好了"));
  const run = await startRun(user, task.task_id, "做");
  const events = await openEvents(user, run.eventsUrl);
  const { data } = await events.until("request");
  const answer = (json: Record<string, unknown>) =>
    ask(user, "POST", `/v1/tasks/${task.task_id}/runs/${run.runId}/answers`, {
      request_id: data.request_id,
      ...json,
    });
  return { events, request: data, answer };
}

describe("a rule", () => {
  test("without which all that stays in the sandbox is allowed", async () => {
    server.models.script(bash("echo 好 > 文件 && cat 文件"), says("好了"));
    const { frames } = await finishRun(user, task.task_id);
    expect(resultsOf(frames)[0]).toMatch(/^好/);
    expect(frames.some(({ event }) => event === "request")).toBe(false);
  });

  test("of the operator that forbids is final, whatever stands around the command", async () => {
    await setRules({ tool: "*", action: "allow" });
    const json = { approvals: [{ tool: "bash", argument: "git push*", action: "allow" }] };
    expect((await ask(user, "PATCH", `/v1/tasks/${task.task_id}`, json)).status).toBe(200);
    server.models.script(bash("echo 先; cd . && env X=1 bash -c 'git push origin 主线'"), says("好了"));
    const { frames } = await finishRun(user, task.task_id);
    expect(resultsOf(frames)).toEqual([
      expect.stringMatching(/rule of this server forbids bash with "git push\*"/),
    ]);
    expect(frames.at(-1)?.data).toMatchObject({ status: "ok" });
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  });

  test("of a model's profile holds for the runs with it", async () => {
    server.models.script(bash("echo $(curl 例子)"), says("好了"));
    const strict = await finishRun(user, task.task_id, "做", { model_profile: "严" });
    expect(resultsOf(strict.frames)[0]).toMatch(/rule of the model's profile forbids/);
  });

  test("of the person asks, with the reason and with what would be remembered", async () => {
    await setRules({ tool: "write", argument: "合同/*", action: "ask" });
    const { events, request, answer } = await startAsking(
      calls("write", { path: "./草稿/../合同/甲.md", content: "新" }),
    );
    expect(request).toMatchObject({
      kind: "approval",
      tool: "write",
      reason: expect.stringMatching(/rule of the person wants you to be asked about write with "合同\/\*"/),
      rule: { tool: "write", argument: "合同/甲.md" },
    });
    expect((await answer({ decision: "allow" })).status).toBe(202);
    expect((await events.all()).at(-1)?.data).toMatchObject({ status: "ok" });
  });

  test("of a task outranks those of the person", async () => {
    await setRules({ tool: "bash", action: "deny" });
    const json = { approvals: [{ tool: "bash", argument: "echo*", action: "allow" }] };
    await ask(user, "PATCH", `/v1/tasks/${task.task_id}`, json);
    server.models.script(bash("echo 可以"), bash("ls"), says("好了"));
    const { frames } = await finishRun(user, task.task_id);
    expect(resultsOf(frames)).toEqual([
      expect.stringMatching(/^可以/),
      expect.stringMatching(/rule of the person forbids the tool bash/),
    ]);
  });
});

describe("an answer that is remembered", () => {
  test("for the task lets the same calls of the run that goes on pass", async () => {
    await setRules({ tool: "bash", action: "ask" });
    const { events, request, answer } = await startAsking(
      bash("mkdir -p 甲"),
      bash("mkdir 乙"),
      bash("touch 丙"),
    );
    expect(request.rule).toEqual({ tool: "bash", argument: "mkdir*" });
    expect((await answer({ decision: "allow", remember: "task" })).status).toBe(202);
    // The next one that is asked about is another command.
    const second = await events.until("request");
    expect(second.data).toMatchObject({ arguments: { command: "touch 丙" }, rule: { argument: "touch*" } });
    const { body } = await ask<{ approvals: unknown }>(user, "GET", `/v1/tasks/${task.task_id}`);
    expect(body.approvals).toEqual([{ tool: "bash", argument: "mkdir*", action: "allow" }]);
    events.close();
  });

  test("for the person holds in other tasks, and a no as well as a yes", async () => {
    await setRules({ tool: "bash", argument: "rm*", action: "ask" });
    const { events, answer } = await startAsking(bash("rm 甲"));
    await answer({ decision: "deny", remember: "user" });
    await events.all();
    task = await createTask(user);
    server.models.script(bash("sudo rm 乙"), says("好了"));
    const { frames } = await finishRun(user, task.task_id);
    expect(resultsOf(frames)).toEqual([expect.stringMatching(/rule of the person forbids bash with "rm\*"/)]);
  });
});

test("a run without anybody to ask ends by itself: silence is a no", async () => {
  await setRules({ tool: "bash", action: "ask" });
  const { events, request } = await startAsking(bash("touch 没人"));
  expect(request.deadline).toMatch(/Z$/);
  await database.database.pool.query(
    "update requests set deadline = now() - interval '1 second' where request_id = $1",
    [request.request_id],
  );
  const frames = await events.all();
  expect(frames.find(({ event }) => event === "answered")?.data).toMatchObject({
    decision: "deny",
    by: "deadline",
  });
  expect(resultsOf(frames)).toEqual([expect.stringMatching(/did not allow[\s\S]*Nobody answered in time/)]);
  expect(frames.at(-1)?.data).toMatchObject({ status: "ok" });
});

test("the operator's names of tools alone ask about them", async () => {
  const { request, events } = await startAsking(calls("remember", { content: "- 喜欢表格" }));
  expect(request).toMatchObject({ tool: "remember", rule: { tool: "remember" } });
  events.close();
});
