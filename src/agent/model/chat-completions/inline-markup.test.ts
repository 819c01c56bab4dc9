import { describe, expect, test } from "vitest";
import { joined, request, setUpChatModel, tools } from "../../../../test/support/chat-model.ts";
import { cut, says } from "../../../../test/support/model-turn.ts";
import type { ModelReply } from "../model.ts";

const chat = setUpChatModel();

const called = (reply: ModelReply) =>
  reply.toolCalls.map(({ function: { name, arguments: text } }) => [name, JSON.parse(text)]);

/** The text as a server streams it, in pieces of any size. */
async function streamed(text: string, pieces: number, what = request) {
  const { reply, deltas } = await chat.call(says(...cut(text, pieces)), undefined, what);
  expect(joined(deltas, "text")).toBe(reply.text);
  return { reply, thought: joined(deltas, "reasoning") };
}

describe.each([1, 7, 1_000])("in %i pieces", (pieces) => {
  test.each([
    ["<think>想一想</think>\n\n答案", "想一想", "答案"],
    ["\n<think>\n想一想\n</think>\n答案 a < b", "想一想", "答案 a < b"],
    ["<thinking>想</thinking>答", "想", "答"],
    ["</think>\n\n答案", "", "答案"],
    ["<think>没有说完", "没有说完", ""],
    ["<thin ice>不是想法", "", "<thin ice>不是想法"],
    ["先说，<think>这不是想法</think>", "", "先说，<think>这不是想法</think>"],
    ["  缩进的开头", "", "  缩进的开头"],
    ["a <", "", "a <"],
  ])("%j is thought apart from text", async (text, thought, said) => {
    const streamedText = await streamed(text, pieces);
    expect([streamedText.thought.trim(), streamedText.reply.text]).toEqual([thought, said]);
  });

  test.each([
    [
      "Qwen",
      '看看。\n<tool_call>\n{"name": "read", "arguments": {"path": "说明.md"}}\n</tool_call>\n<tool_call>\n{"name": "list", "arguments": {}}\n</tool_call>',
      [
        ["read", { path: "说明.md" }],
        ["list", {}],
      ],
    ],
    [
      "one that forgot the end",
      '<tool_call>{"name": "read", "parameters": {"path": "甲"}}',
      [["read", { path: "甲" }]],
    ],
    [
      "Qwen's coder",
      "<tool_call>\n<function=read>\n<parameter=path>\n甲 乙.md\n</parameter>\n<parameter=limit>\n20\n</parameter>\n</function>\n</tool_call>",
      [["read", { path: "甲 乙.md", limit: 20 }]],
    ],
    [
      "GLM",
      "<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>007</arg_value>\n<arg_key>all</arg_key>\n<arg_value>true</arg_value>\n</tool_call>",
      [["read", { path: "007", all: true }]],
    ],
    [
      "Kimi",
      '<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{"path":"甲"}<|tool_call_end|><|tool_call_begin|>functions.list:1<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
      [
        ["read", { path: "甲" }],
        ["list", {}],
      ],
    ],
  ])("calls that a server left in the text are calls: %s", async (_family, text, expected) => {
    const parameters = {
      type: "object",
      properties: { path: { type: "string" }, limit: { type: "integer" } },
    };
    const what = { ...request, tools: tools.map((tool) => ({ ...tool, parameters })) };
    const { reply } = await streamed(text, pieces, what);
    expect(called(reply)).toEqual(expected);
    expect(reply.finishReason).toBe("tool_calls");
    expect(reply.text).not.toContain("<");
    expect(new Set(reply.toolCalls.map(({ id }) => id)).size).toBe(expected.length);
  });

  test.each([
    "用 <tool_call>JSON</tool_call> 写出调用",
    '<tool_call>{"name": "没有的工具", "arguments": {}}</tool_call>',
    "最后是 <tool_call>",
    "<|tool_calls_section_begin|>什么也没有<|tool_calls_section_end|>好",
  ])("%j stays a text", async (text) => {
    const { reply } = await streamed(text, pieces);
    expect([reply.text, reply.toolCalls]).toEqual([text, []]);
  });
});

test("without tools nothing is taken for a call", async () => {
  const text = '<tool_call>{"name": "read", "arguments": {}}</tool_call>';
  const { reply } = await streamed(text, 3, { ...request, tools: [] });
  expect([reply.text, reply.toolCalls]).toEqual([text, []]);
});

test("a call that comes both in the text and as one is made once", async () => {
  const { reply } = await chat.call({
    parts: [
      { text: '<tool_call>{"name": "read", "arguments": {"path": "甲"}}</tool_call>' },
      { toolCall: { id: "a", name: "read", arguments: '{"path":"甲"}' } },
    ],
  });
  expect(reply.toolCalls.map(({ id }) => id)).toEqual(["a"]);
});
