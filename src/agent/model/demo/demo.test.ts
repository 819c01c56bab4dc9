import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../../../protocol/message.ts";
import type { ModelReply, ModelRequest } from "../model.ts";
import { createDemoModel } from "./demo.ts";
import { readInstructions } from "./instructions.ts";

const model = createDemoModel({ paceMs: 0 });
const toolNames = ["bash", "read", "write", "edit", "list", "grep", "glob"];

function requestOf(messages: ChatMessage[], tools = toolNames): ModelRequest {
  return {
    system: "",
    tools: tools.map((name) => ({ name, description: "", parameters: {} })),
    messages: messages.map((payload) => ({ payload })),
  };
}

const user = (content: string): ChatMessage => ({ role: "user", content });

async function call(request: ModelRequest): Promise<{ reply: ModelReply; streamed: string }> {
  const pieces: string[] = [];
  const reply = await model.call(request, ({ text }) => pieces.push(text), new AbortController().signal);
  return { reply, streamed: pieces.join("") };
}

/** Answers every call with `结果 <n>` until the demo stops. */
async function converse(message: string, tools = toolNames) {
  const messages: ChatMessage[] = [
    user("早先的问题"),
    { role: "assistant", content: "早先的回答" },
    user(message),
  ];
  const used: [string, unknown][] = [];
  for (;;) {
    const { reply } = await call(requestOf(messages, tools));
    const [toolCall] = reply.toolCalls;
    if (!toolCall) return { used, last: reply.text, ids: messages };
    used.push([toolCall.function.name, JSON.parse(toolCall.function.arguments)]);
    messages.push({ role: "assistant", content: reply.text, tool_calls: [toolCall] });
    messages.push({ role: "tool", tool_call_id: toolCall.id, content: `结果 ${used.length}` });
  }
}

test("several lines are several steps with real tools, in order, and then a summary of their results", async () => {
  const { used, last } = await converse(
    "写入 资料/你好.md：# 标题\\n正文：好\n读取 资料/你好.md\n列出\n运行 wc -l 资料/你好.md",
  );
  expect(used).toEqual([
    ["write", { path: "资料/你好.md", content: "# 标题\n正文：好" }],
    ["read", { path: "资料/你好.md" }],
    ["list", {}],
    ["bash", { command: "wc -l 资料/你好.md" }],
  ]);
  for (const words of ["演示", "结果 1", "结果 4"]) expect(last).toContain(words);
});

test("every call has an id of its own in the conversation", async () => {
  const first = await call(requestOf([user("list")]));
  const again = await call(requestOf([user("list"), { role: "assistant", content: "好" }, user("list")]));
  expect(first.reply.toolCalls[0]?.id).not.toBe(again.reply.toolCalls[0]?.id);
});

describe("the grammar", () => {
  test.each([
    ["list", "list", {}],
    ["- List docs", "list", { path: "docs" }],
    ["1. read a b.md", "read", { path: "a b.md" }],
    ["write a.md: x: y", "write", { path: "a.md", content: "x: y" }],
    ["write 空.md:", "write", { path: "空.md", content: "" }],
    ["修改 甲.md：旧 => 新", "edit", { path: "甲.md", old_text: "旧", new_text: "新" }],
    ["search 你好", "grep", { pattern: "你好" }],
    ["查找 *.md", "glob", { pattern: "*.md" }],
  ])("takes '%s'", (line, tool, input) => {
    expect(readInstructions(line).instructions).toEqual([
      expect.objectContaining({ tool, arguments: input }),
    ]);
  });

  test.each(["写一首诗", "运行时错误怎么办？", "listen", "write me a poem", "readme", "read", "你好"])(
    "leaves '%s' alone",
    (line) => {
      expect(readInstructions(line)).toEqual({ instructions: [], others: [line] });
    },
  );
});

test("says that it is no model and shows its grammar, in the language of the message", async () => {
  const chinese = await call(requestOf([user("帮我写一首诗")]));
  expect(chinese.reply.text).toContain("不是语言模型");
  expect(chinese.reply.text).toContain("写入");
  const english = await call(requestOf([user("Write me a poem")]));
  expect(english.reply.text).toContain("not a language model");
  expect(english.reply.text).not.toMatch(/\p{Script=Han}/u);
});

test("names the lines it did not carry out", async () => {
  const { used, last } = await converse("列出\n再写一首诗\n运行 ls", ["list"]);
  expect(used).toEqual([["list", {}]]);
  expect(last).toContain("再写一首诗");
  expect(last).toContain("已关闭");
});

test("shows a result that holds code fences as one block", async () => {
  const messages: ChatMessage[] = [user("read a.md")];
  const { reply } = await call(requestOf(messages));
  messages.push({ role: "assistant", content: null, tool_calls: reply.toolCalls });
  messages.push({ role: "tool", tool_call_id: reply.toolCalls[0]?.id ?? "", content: "```\n甲\n```" });
  expect((await call(requestOf(messages))).reply.text).toContain("````\n");
});

test("streams what it replies", async () => {
  const { reply, streamed } = await call(requestOf([user("你好")]));
  expect(streamed).toBe(reply.text);
});

test("aborted while it speaks, rejects with the reason", async () => {
  const controller = new AbortController();
  const slow = createDemoModel({ paceMs: 60_000 });
  const answer = slow.call(requestOf([user("你好")]), () => {}, controller.signal);
  controller.abort("够了");
  await expect(answer).rejects.toBe("够了");
});
