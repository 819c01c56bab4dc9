import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import {
  findFaults,
  finishRun,
  readMessages,
  readRun,
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

const post = (task: TaskAnswer, content: unknown) =>
  ask<{ run_id: string; events_url: string; code?: string }>(
    user,
    "POST",
    `/v1/tasks/${task.task_id}/messages`,
    {
      content,
    },
  );

describe("posting a message", () => {
  test("is answered 202 with the run and where its events are", async () => {
    const task = await createTask(user);
    const { status, body } = await post(task, "你好");
    expect(status).toBe(202);
    expect(body).toEqual({
      run_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
      events_url: `/v1/tasks/${task.task_id}/runs/${body.run_id}/events`,
    });
    await readRun(user, body.events_url);
  });

  test("stores it at once, trimmed, as the OpenAI message", async () => {
    const task = await createTask(user);
    const gate = Promise.withResolvers<void>();
    server.models.script({ parts: [{ until: gate.promise }, { text: "好。" }] });
    const run = await startRun(user, task.task_id, " \n 水泥 😀\n第二行 \t\u3000");
    const [message, ...more] = await readMessages(user, task.task_id);
    expect(more).toEqual([]);
    expect(message).toEqual({
      idx: 0,
      payload: { role: "user", content: "水泥 😀\n第二行" },
      tokens_in: 0,
      tokens_out: 0,
      attachments: [],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*(Z|\+00:00)$/),
    });
    gate.resolve();
    await readRun(user, run.eventsUrl);
  });

  test.each(["", "   ", "\n\t\r\n", "\u3000\u2003"])("%j is empty after trimming", async (content) => {
    const task = await createTask(user);
    expect((await post(task, content)).status).toBe(400);
    expect(await readMessages(user, task.task_id)).toEqual([]);
  });

  test.each([null, 1, true, [], {}, [{ type: "text", text: "好" }]])("%j is no text", async (content) => {
    expect((await post(await createTask(user), content)).status).toBe(422);
  });

  test("a message is kept as it was, whatever it looks like", async () => {
    const task = await createTask(user);
    const odd = [
      "<script>alert(1)</script>",
      "'; drop table messages; --",
      "\\u0000 \\ud800",
      "a\u0001\u001b[31mb\u007f\u0085",
      "العربية‮ RTL 👨‍👩‍👧‍👦 e\u0301",
      "data: x\n\nevent: done\ndata: {}",
      "x".repeat(200_000),
    ];
    for (const content of odd) await finishRun(user, task.task_id, content);
    const stored = await readMessages(user, task.task_id);
    expect(
      stored.filter(({ payload }) => payload.role === "user").map(({ payload }) => payload.content),
    ).toEqual(odd);
    expect(findFaults(stored)).toEqual([]);
    expect((await ask<TaskAnswer>(user, "GET", `/v1/tasks/${task.task_id}`)).body.n_messages).toBe(
      odd.length * 2,
    );
  });

  test("to an unknown task is 404", async () => {
    const answer = await ask(user, "POST", `/v1/tasks/${randomUUID()}/messages`, { content: "你好" });
    expect(answer).toMatchObject({ status: 404, body: { code: "task_not_found" } });
  });
});

describe("one active run a task", () => {
  test("a message while a run is active gets 409 and changes nothing", async () => {
    const task = await createTask(user);
    const run = await startHangingRun(user, task.task_id);
    const refused = await post(task, "再来");
    expect([refused.status, refused.body.code]).toEqual([409, "run_active"]);
    expect(await readMessages(user, task.task_id)).toHaveLength(1);
    expect((await post(task, "  ")).status).toBe(400);
    run.events.close();
    await user.fetch(`/v1/tasks/${task.task_id}`, { method: "DELETE" });
  });

  test("of messages posted together exactly one is taken, every time", async () => {
    const task = await createTask(user);
    for (let round = 1; round <= 25; round += 1) {
      const answers = await Promise.all(["甲", "乙", "丙"].map((content) => post(task, content)));
      const taken = answers.filter(({ status }) => status === 202);
      const refused = answers.filter(({ status }) => status === 409);
      // A run may even have ended before the last of the three was looked at.
      expect(taken.length).toBeGreaterThanOrEqual(1);
      expect(taken.length + refused.length).toBe(3);
      expect(refused.every(({ body }) => body.code === "run_active")).toBe(true);
      for (const { body } of taken) expect((await readRun(user, body.events_url)).at(-1)?.event).toBe("done");
      expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
    }
  });

  test("of messages posted together while the model takes its time exactly one is taken", async () => {
    for (let round = 1; round <= 10; round += 1) {
      const task = await createTask(user);
      const answers = await Promise.all(Array.from({ length: 5 }, () => post(task, "hang")));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([202, 409, 409, 409, 409]);
      expect(await readMessages(user, task.task_id)).toHaveLength(1);
      await user.fetch(`/v1/tasks/${task.task_id}`, { method: "DELETE" });
    }
  });

  test("tasks do not hinder each other", async () => {
    const tasks = await Promise.all(Array.from({ length: 8 }, () => createTask(user)));
    const runs = await Promise.all(tasks.map((task) => finishRun(user, task.task_id)));
    expect(runs.map(({ frames }) => frames.at(-1)?.event)).toEqual(Array(8).fill("done"));
  });
});

describe("the conversation", () => {
  test("holds the messages of all roles in the OpenAI form, numbered from 0", async () => {
    const task = await createTask(user);
    server.models.script(
      {
        parts: [
          { text: "我来写。" },
          { toolCall: { id: "call_甲", name: "write", arguments: '{"path": "笔记.md", "content": "水泥"}' } },
          { toolCall: { id: "call_乙", name: "list", arguments: "{}" } },
        ],
        usage: { input: 50, output: 20 },
      },
      { parts: [{ text: "写好了。" }], usage: { input: 90, output: 5 } },
    );
    const { frames } = await finishRun(user, task.task_id, "写一份笔记");
    const messages = await readMessages(user, task.task_id);
    expect(messages.map(({ idx, payload }) => [idx, payload.role])).toEqual([
      [0, "user"],
      [1, "assistant"],
      [2, "tool"],
      [3, "tool"],
      [4, "assistant"],
    ]);
    expect(messages[1]).toMatchObject({
      payload: {
        content: "我来写。",
        tool_calls: [
          {
            id: "call_甲",
            type: "function",
            function: { name: "write", arguments: '{"path": "笔记.md", "content": "水泥"}' },
          },
          { id: "call_乙", type: "function", function: { name: "list", arguments: "{}" } },
        ],
      },
      tokens_in: 50,
      tokens_out: 20,
    });
    const answered = messages.slice(2, 4).map(({ payload }) => payload);
    expect(new Set(answered.map(({ tool_call_id }) => tool_call_id))).toEqual(
      new Set(["call_甲", "call_乙"]),
    );
    for (const { content } of answered) expect(content).toBeTypeOf("string");
    expect(messages[4]).toMatchObject({ payload: { role: "assistant", content: "写好了。" }, tokens_in: 90 });
    expect(findFaults(messages)).toEqual([]);
    expect(frames.at(-1)).toMatchObject({
      event: "done",
      data: { status: "ok", tokens_in: 140, tokens_out: 25 },
    });
    const read = (await ask<TaskAnswer>(user, "GET", `/v1/tasks/${task.task_id}`)).body;
    expect(read).toMatchObject({ n_messages: 5, tokens_prompt: 140, tokens_completion: 25, tokens: 165 });
    expect(await readStatus(user, task.task_id)).toBe("ok");
  });

  test("what a provider wants back is kept out of the payload", async () => {
    const task = await createTask(user);
    server.models.script(
      {
        parts: [{ reasoning: "想一想" }, { toolCall: { name: "list", arguments: "{}", signature: "签名" } }],
      },
      { parts: [{ reasoning: "再想" }, { text: "好。" }] },
    );
    await finishRun(user, task.task_id);
    for (const { payload } of await readMessages(user, task.task_id)) {
      for (const key of Object.keys(payload)) {
        expect(["role", "content", "tool_calls", "tool_call_id"]).toContain(key);
      }
    }
  });

  test("each request to the model continues the one before", async () => {
    const task = await createTask(user);
    const first = server.models.requests.length;
    server.models.script(calls("list", {}, "call_1"), says("好。"), says("再见。"));
    await finishRun(user, task.task_id, "一");
    await finishRun(user, task.task_id, "二");
    const asked = server.models.requests.slice(first).map(({ body }) => body.messages as unknown[]);
    expect(asked.map((messages) => messages.length)).toEqual([2, 4, 6]);
    for (const [index, messages] of asked.entries()) {
      const earlier = asked[index - 1];
      if (earlier) expect(messages.slice(0, earlier.length)).toEqual(earlier);
    }
  });

  test("of an unknown task is 404", async () => {
    expect((await ask(user, "GET", `/v1/tasks/${randomUUID()}/messages`)).status).toBe(404);
  });
});
