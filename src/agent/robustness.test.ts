import { expect, test } from "vitest";
import {
  type Answer,
  calls,
  isAnswered,
  read,
  results,
  run,
  says,
  type Trace,
  tool,
} from "../../test/support/scripted-agent.ts";
import type { ConversationMessage } from "./model/model.ts";

const tools = [
  read,
  tool("write", "workspace", (path) => `写了 ${path}`),
  tool("bash", "external", () => "跑了"),
];

test.each([
  ["Read", "read"],
  ["READ", "read"],
  ["read_file", "read"],
  ["readFile", "read"],
  ["functions.read", "read"],
  ["default_api:read_file", "read"],
  [" read ", "read"],
  ["raed", "read"],
  ["Write", "write"],
  ["shell", "bash"],
  ["execute_command", "bash"],
])("a call of %j is taken as one of %s, and the model is told", async (name, taken) => {
  const trace = await run([calls([name, '{"path":"甲"}']), says("好")], { tools });
  expect(trace.events).toContainEqual(
    expect.objectContaining({ type: "tool_result", name: taken, is_error: false }),
  );
  expect(trace.events.find(({ type }) => type === "tool_call")).toMatchObject({ name: taken });
  expect(results(trace)[0]).toContain(
    `[There is no tool ${JSON.stringify(name.replace(/\s/g, " "))}: ${taken} was taken.]`,
  );
});

test.each(["grep", "rite_bash", "", "写"])(
  "a call of %j is answered with the tools there are",
  async (name) => {
    const trace = await run([calls([name, '{"path":"甲"}']), says("好")], { tools });
    expect(results(trace)[0]).toMatch(/no tool named .* The tools are: read, write, bash/);
  },
);

const meant: [text: string, what: string][] = [
  ['```json\n{"path":"甲"}\n```', "in a code fence"],
  ['Sure, I will read it: {"path":"甲"} Done.', "with other words"],
  ['{"path":"甲",}', "with a comma too many"],
  ['{"path":"甲" /* the file */}', "with a comment"],
  ["{'path': '甲', 'limit': None}", "as Python writes it"],
  ['{"path":"甲"}{"path":"甲"}', "twice"],
  ['[{"path":"甲"}]', "in a list"],
  [JSON.stringify(JSON.stringify(JSON.stringify({ path: "甲" }))), "encoded three times"],
  ['{"filePath":"甲"}', "under another key"],
  ['{"file_path":"甲","limit":"5"}', "a number as a text"],
];

test.each(meant)("arguments written as %j are taken as meant: %s", async (text) => {
  const trace = await run([calls(["read", text]), says("完")]);
  expect(results(trace)[0]).toMatch(/(^|\n)内容：甲$/);
  // What is sent back to the provider is JSON.
  const [message] = trace.messages;
  const [call] = message?.payload.role === "assistant" ? (message.payload.tool_calls ?? []) : [];
  expect(() => JSON.parse(call?.function.arguments ?? "")).not.toThrow();
});

test("a line break within a text is taken as one", async () => {
  const trace = await run([calls(["read", '{"path":"第一行\n第二\t行"}']), says("完")]);
  expect(results(trace)).toEqual(["内容：第一行\n第二\t行"]);
});

test.each([
  ['{"path":"甲","limit":', /cut off/],
  ['{"path":"甲', /cut off/],
  ['{"path":"甲}', /cut off/],
  ['Here: {"path":"甲"', /cut off/],
  ['{"path":"甲"} or {"path":"乙"}', /one object/],
  ['{"file":"甲","dir":"乙"}', /expected string/],
  ["no object at all", /not valid JSON/],
])("a call with %j is not run", async (text, fault) => {
  const called: string[] = [];
  const trace = await run([calls(["read", text]), says("完")], {
    tools: [tool("read", "pure", (path) => called.push(path))],
  });
  expect(called).toEqual([]);
  expect(results(trace)[0]).toMatch(fault);
});

/** What the run says besides its calls. */
function notices(trace: Trace): string[] {
  return trace.events.flatMap((event) => (event.type === "notice" ? [event.code] : []));
}

test("a model that makes the same call in vain is told at the third one, and stopped at the sixth", async () => {
  const same = calls(["read", '{"path":"甲"}']);
  const trace = await run(
    Array.from({ length: 9 }, () => same),
    { maxSteps: 9 },
  );
  expect(trace.outcome).toMatchObject({ status: "error", code: "model_looping" });
  expect(trace.requests).toHaveLength(6);
  expect(results(trace).map((content) => content.includes("times in a row"))).toEqual([
    false,
    false,
    true,
    true,
    true,
    true,
  ]);
  expect(notices(trace)).toEqual(["repeated_call"]);
  expect(isAnswered(trace.messages)).toBe(true);
});

test("a poll whose result changes, other calls in between, or progress beside it are no loop", async () => {
  let count = 0;
  const poll = tool("poll", "external", () => `第 ${++count} 次\n[exit code 0, 0.1 s]`);
  const same = calls(["poll", '{"path":"甲"}']);
  const polled = await run([...Array.from({ length: 8 }, () => same), says("好")], { tools: [poll] });
  expect([polled.outcome.status, notices(polled)]).toEqual(["ok", []]);

  const turns = ["甲", "乙", "甲", "乙", "甲", "乙", "甲"].map((path) =>
    calls(["read", JSON.stringify({ path })]),
  );
  const mixed = await run([...turns, says("好")]);
  expect([mixed.outcome.status, notices(mixed)]).toEqual(["ok", []]);

  const beside = Array.from({ length: 8 }, (_, index) =>
    calls(["read", '{"path":"状态"}', `a${index}`], ["read", `{"path":"${index}"}`, `b${index}`]),
  );
  const going = await run([...beside, says("好")]);
  expect([going.outcome.status, notices(going)]).toEqual(["ok", ["repeated_call"]]);
});

test("how long a command took does not hide that nothing changes", async () => {
  let count = 0;
  const bash = tool("bash", "external", () => `没有\n[exit code 1, 0.${++count} s]`);
  const same = calls(["bash", '{"path":"甲"}']);
  const trace = await run(
    Array.from({ length: 9 }, () => same),
    { tools: [bash] },
  );
  expect(trace.outcome).toMatchObject({ code: "model_looping" });
});

/** The messages of a request, as role and content. */
function shown(trace: Trace, index: number): [string, string | null][] {
  return (trace.requests[index]?.messages ?? []).map(({ payload }) => [payload.role, payload.content]);
}

test("an answer that the output limit cut off is gone on with, and nobody's words are made up for it", async () => {
  const trace = await run([says("很长的回", "length"), says("答，完", "length"), says("了。")]);
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(trace.messages.map(({ payload }) => [payload.role, payload.content])).toEqual([
    ["assistant", "很长的回"],
    ["assistant", "答，完"],
    ["assistant", "了。"],
  ]);
  expect(shown(trace, 1).slice(1)).toEqual([
    ["assistant", "很长的回"],
    ["user", expect.stringMatching(/Go on exactly where it stopped/)],
  ]);
  expect(shown(trace, 2).slice(0, 3)).toEqual(shown(trace, 1));
  expect(notices(trace)).toEqual([]);

  // Later requests begin as these did.
  const conversation: ConversationMessage[] = [
    { payload: { role: "user", content: "你好" } },
    ...trace.messages,
    { payload: { role: "user", content: "再来" } },
  ];
  const later = await run([says("好")], { conversation });
  expect(shown(later, 0).slice(0, 5)).toEqual(shown(trace, 2));
});

test("an answer that is cut off again and again ends where it is, and the person is told", async () => {
  const trace = await run(["一", "二", "三", "四", "五"].map((text) => says(text, "length")));
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(trace.messages).toHaveLength(4);
  expect(notices(trace)).toEqual(["output_limit"]);
  expect(trace.messages.at(-1)?.notes).toBeUndefined();
});

test("an answer that was cut off is gone on with after the server was lost", async () => {
  const conversation: ConversationMessage[] = [
    { payload: { role: "user", content: "写" } },
    { payload: { role: "assistant", content: "前半" }, notes: { cut: true } },
  ];
  const trace = await run([says("后半")], { conversation, firstStep: 2, interrupted: true });
  expect(trace.messages.map(({ payload }) => payload.content)).toEqual(["后半"]);
});

test("calls without an id get one each", async () => {
  const nameless: Answer = calls(["read", '{"path":"甲"}', ""], ["read", '{"path":"乙"}', ""]);
  const trace = await run([nameless, says("完")]);
  expect(results(trace)).toEqual(["内容：甲", "内容：乙"]);
  expect(isAnswered(trace.messages)).toBe(true);
  expect(trace.events.every((event) => event.type !== "tool_call" || event.id !== "")).toBe(true);
});
