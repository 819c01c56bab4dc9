import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Frame } from "../../support/api/events.ts";
import { createTask, type StoredMessage } from "../../support/api/request.ts";
import { findFaults, finishRun, readMessages, readStatus, spokenText } from "../../support/api/runs.ts";
import { calls, fails, says, type Turn } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer({ stallMs: 400 });
  user = await server.createUser();
});
afterAll(() => server.close());

interface Outcome {
  frames: Frame[];
  kinds: string[];
  messages: StoredMessage[];
  status: string | undefined;
  text: string;
}

/** Runs a new task on these turns. Whatever happened, the conversation is valid and the task takes the next message. */
async function play(...turns: Turn[]): Promise<Outcome> {
  const task = await createTask(user);
  server.models.script(...turns);
  const { frames } = await finishRun(user, task.task_id);
  const messages = await readMessages(user, task.task_id);
  expect(findFaults(messages)).toEqual([]);
  const status = await readStatus(user, task.task_id);
  const next = await finishRun(user, task.task_id, "下一条");
  expect(next.frames.at(-1)).toMatchObject({ event: "done", data: { status: "ok" } });
  expect(frames.map(({ id }) => id)).toEqual(frames.map((_, index) => index + 1));
  return { frames, kinds: frames.map(({ event }) => event), messages, status, text: spokenText(frames) };
}

function expectGood({ frames, messages, status, text }: Outcome, said = "好了。"): void {
  expect(frames.at(-1)).toMatchObject({ event: "done", data: { status: "ok" } });
  expect([status, text]).toEqual(["ok", said]);
  expect(messages.at(-1)?.payload).toEqual({ role: "assistant", content: said });
}

function expectError({ frames, kinds, status }: Outcome): void {
  expect(frames.at(-1)).toMatchObject({
    event: "error",
    data: { msg: expect.stringMatching(/\S/), code: expect.stringMatching(/^[a-z_]+$/) },
  });
  expect(kinds).not.toContain("done");
  expect(status).toBe("error");
}

const good = says("好了。");
const partly = (text: string) => [{ text: `${text}一` }, { text: `${text}二` }, { text: "不会到" }];

describe("a failure that may pass is tried again", () => {
  const passing: [string, Turn][] = [
    ["429 with Retry-After", fails(429, "slow down", { "retry-after": "0" })],
    ["500", fails(500)],
    ["503 without a body", { status: 503, body: "" }],
    ["529", fails(529, "overloaded")],
    [
      "a page of some proxy",
      { status: 502, headers: { "content-type": "text/html" }, body: "<html>Bad Gateway" },
    ],
    ["a reset before the first byte", { resetAfter: 0 }],
    ["a reset after the head", { parts: [{ raw: ": 连上了\n\n" }], resetAfter: 1 }],
    ["a reset in mid-stream", { parts: partly("断"), resetAfter: 2 }],
    ["a stream that just ends", { parts: [{ text: "半" }], finishReason: null, lastWord: false }],
    ["nonsense in the stream", { parts: [{ text: "乱" }, { raw: "data: {oops\n\n" }] }],
    [
      "an error inside the stream",
      { parts: [{ text: "错" }, { chunk: { error: { message: "overloaded", code: 503 } } }] },
    ],
    ["silence before the first byte", { stallAfter: 0 }],
    ["silence in mid-stream", { parts: partly("停"), stallAfter: 2 }],
    ["an empty answer", { parts: [] }],
    ["an answer of spaces", says(" ", "\n")],
  ];
  test.each(passing)("%s, then an answer", async (_name, turn) => {
    const outcome = await play(turn, good);
    expectGood(outcome);
    const starts = outcome.frames.filter(({ event }) => event === "llm_start");
    expect(starts.map(({ data }) => data.step)).toEqual([1, 1]);
    expect(outcome.frames.find(({ event }) => event === "retry")?.data).toEqual({
      attempt: 1,
      reason: expect.any(String),
      wait_ms: expect.any(Number),
    });
    expect(outcome.messages).toHaveLength(2);
  });

  test("Retry-After is obeyed", async () => {
    const outcome = await play(fails(429, "slow down", { "retry-after": "1" }), good);
    const retry = outcome.frames.find(({ event }) => event === "retry");
    expect(retry?.data.wait_ms).toBeGreaterThanOrEqual(1000);
    expectGood(outcome);
  });
});

describe("a failure that stays ends the run as an error", () => {
  const lasting: [string, Turn[]][] = [
    ["400", [fails(400, "no such parameter")]],
    ["401", [fails(401, "bad key")]],
    ["404", [fails(404, "no such model")]],
    ["nothing, twice", [{ parts: [] }, { parts: [] }]],
    ["withheld by a filter", [{ parts: [], finishReason: "content_filter" }]],
    ["a whole limit used up by thinking", [{ parts: [{ reasoning: "想" }], finishReason: "length" }]],
  ];
  test.each(lasting)("%s", async (_name, turns) => {
    const outcome = await play(...turns);
    expectError(outcome);
    expect(outcome.messages.map(({ payload }) => payload.role)).toEqual(["user"]);
  });

  test("500 over and over", async () => {
    const task = await createTask(user);
    const before = server.models.requests.length;
    const { frames } = await finishRun(user, task.task_id, "fail 500");
    expect(frames.at(-1)?.event).toBe("error");
    expect(server.models.requests.length - before).toBeGreaterThan(1);
    expect(await readStatus(user, task.task_id)).toBe("error");
    expect((await finishRun(user, task.task_id, "好")).frames.at(-1)?.event).toBe("done");
  });

  test("what had been said before a lasting failure is stored", async () => {
    const broken: Turn = {
      parts: [{ text: "说了一半" }, { chunk: { error: { message: "no", code: 400 } } }],
    };
    const outcome = await play(broken);
    expectError(outcome);
    expect(outcome.messages.at(-1)?.payload).toEqual({ role: "assistant", content: "说了一半" });
  });

  test("the error names no key and no address of the inside", async () => {
    const outcome = await play(fails(401, "bad key"));
    expect(JSON.stringify(outcome.frames)).not.toContain("key-of-the-tests");
  });
});

describe("odd calls of tools", () => {
  const odd: [string, Turn, shown: unknown][] = [
    ["malformed JSON", calls("write", '{"path": "甲", "content": '), '{"path": "甲", "content": '],
    ["no object", calls("write", '["甲"]'), '["甲"]'],
    ["a string that holds JSON", calls("write", '"{}"'), expect.anything()],
    ["no arguments at all", calls("write", ""), expect.anything()],
    ["missing fields", calls("write", { path: "甲" }), { path: "甲" }],
    ["wrong types", calls("write", { path: 1, content: [] }), { path: 1, content: [] }],
    ["an unknown tool", calls("没有这个工具", { a: 1 }), { a: 1 }],
    [
      "a path that leads outside",
      calls("read", { path: "../../secrets.json" }),
      { path: "../../secrets.json" },
    ],
    ["an absolute path", calls("read", { path: "/etc/passwd" }), { path: "/etc/passwd" }],
    ["a path with a NUL", calls("read", '{"path":"a\\u0000b"}'), expect.anything()],
  ];
  test.each(odd)("%s: the model is told and may go on", async (_name, turn, shown) => {
    const outcome = await play(turn, good);
    expectGood(outcome);
    const call = outcome.frames.find(({ event }) => event === "tool_call");
    const result = outcome.frames.find(({ event }) => event === "tool_result");
    expect(call?.data.arguments).toEqual(shown);
    expect(result?.data).toMatchObject({
      id: call?.data.id,
      is_error: true,
      content: expect.stringMatching(/\S/),
    });
    expect(result?.data.content).not.toContain("root:");
    expect(outcome.messages.map(({ payload }) => payload.role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
    ]);
  });

  test("calls without an id, or all with the same, are told apart", async () => {
    const same = (id: string) => ({ toolCall: { id, name: "list", arguments: "{}" } });
    for (const id of ["", "call_1"]) {
      const outcome = await play({ parts: [same(id), same(id)] }, { parts: [same(id)] }, good);
      expectGood(outcome);
      const ids = outcome.frames.filter(({ event }) => event === "tool_call").map(({ data }) => data.id);
      expect(new Set(ids).size).toBe(3);
      expect(ids).not.toContain("");
    }
  });

  test("a tool's NUL and broken text become U+FFFD", async () => {
    const outcome = await play(calls("bash", { command: "printf 'a\\0b\\xff'" }), good);
    const result = outcome.frames.find(({ event }) => event === "tool_result");
    expect(result?.data.content).toContain("a\uFFFDb\uFFFD");
    expect(outcome.messages[2]?.payload.content).toContain("a\uFFFDb\uFFFD");
  });
});

test("an answer that says nothing is paid for like any other", async () => {
  const empty = { parts: [], usage: { input: 50, output: 9 } };
  const outcome = await play(empty, { ...says("好了。"), usage: { input: 10, output: 2 } });
  expectGood(outcome);
  expect(outcome.frames.at(-1)?.data).toMatchObject({ tokens_in: 60, tokens_out: 11 });
});
