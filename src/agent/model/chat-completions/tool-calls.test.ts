import { describe, expect, test } from "vitest";
import { request, setUpChatModel, toolDelta } from "../../../../test/support/chat-model.ts";
import { calls, cut, says } from "../../../../test/support/model-turn.ts";
import type { ModelReply } from "../model.ts";

const server = setUpChatModel();

const called = (reply: ModelReply) =>
  reply.toolCalls.map(({ id, function: { name, arguments: text } }) => [id, name, text]);

describe("tool calls", () => {
  const argumentsText = '{"path":"资料/说明.md"}';
  const whole = (id: string | undefined, index: number | undefined, name = "read") => ({
    id,
    index,
    type: "function",
    function: { name, arguments: argumentsText },
  });

  test("come whole, several at once, beside a text", async () => {
    const toolCall = { name: "read", arguments: argumentsText, pieces: 5 };
    const { reply } = await server.call({
      parts: [
        { text: "看看" },
        { toolCall: { ...toolCall, id: "a" } },
        { toolCall: { ...toolCall, id: "b" } },
      ],
    });
    expect(reply.text).toBe("看看");
    expect(reply.finishReason).toBe("tool_calls");
    expect(called(reply)).toEqual([
      ["a", "read", argumentsText],
      ["b", "read", argumentsText],
    ]);
  });

  test("without index and id go on where the last one stopped", async () => {
    const { reply } = await server.call({
      parts: [
        toolDelta({ id: "a", function: { name: "read", arguments: "" } }),
        ...cut(argumentsText, 4).map((piece) => toolDelta({ function: { arguments: piece } })),
      ],
    });
    expect(called(reply)).toEqual([["a", "read", argumentsText]]);
  });

  test("without any id or index, whole in every delta, are calls of their own", async () => {
    const { reply } = await server.call({
      parts: [toolDelta(whole(undefined, undefined)), toolDelta(whole("", undefined))],
    });
    expect(called(reply)).toEqual([
      ["call_1", "read", argumentsText],
      ["call_2", "read", argumentsText],
    ]);
  });

  test("without any id or index are calls of their own also where no tool has their name", async () => {
    const deltas = ["unbekannt", "anders"].map((name) => toolDelta(whole(undefined, undefined, name)));
    expect(called((await server.call({ parts: deltas })).reply).map(([, name]) => name)).toEqual([
      "unbekannt",
      "anders",
    ]);
  });

  test("all numbered 0 are told apart by their ids", async () => {
    const { reply } = await server.call({ parts: [toolDelta(whole("a", 0)), toolDelta(whole("b", 0))] });
    expect(called(reply).map(([id]) => id)).toEqual(["a", "b"]);
  });

  test("whose id and name are repeated in every delta are one call", async () => {
    const repeated = cut(argumentsText, 3).map((piece) =>
      toolDelta({ index: 0, id: "a", function: { name: "read", arguments: piece } }),
    );
    expect(called((await server.call({ parts: repeated })).reply)).toEqual([["a", "read", argumentsText]]);
  });

  test("whose id and name are empty after the first delta are one call", async () => {
    const [first = "", ...rest] = cut(argumentsText, 3);
    const { reply } = await server.call({
      parts: [
        toolDelta({ index: 0, id: "a", function: { name: "read", arguments: first } }),
        ...rest.map((piece) => toolDelta({ index: 0, id: "", function: { name: "", arguments: piece } })),
      ],
    });
    expect(called(reply)).toEqual([["a", "read", argumentsText]]);
  });

  test("with a name in pieces have the whole name", async () => {
    const { reply } = await server.call({
      parts: [
        toolDelta({ index: 0, id: "a", function: { name: "read" } }),
        toolDelta({ index: 0, function: { name: "_file", arguments: argumentsText } }),
      ],
    });
    expect(called(reply)).toEqual([["a", "read_file", argumentsText]]);
  });

  test("keep arguments as they were written: an object as its JSON, half of one as it is", async () => {
    const { reply } = await server.call({
      parts: [
        toolDelta({ index: 0, id: "a", function: { name: "read", arguments: { path: "甲" } } }),
        toolDelta({ index: 1, id: "b", function: { name: "read", arguments: '{"path":' } }),
      ],
      finishReason: "length",
    });
    expect(called(reply).map(([, , text]) => text)).toEqual(['{"path":"甲"}', '{"path":']);
    expect(reply.finishReason).toBe("length");
  });

  test("are sent back with arguments that every provider takes", async () => {
    const callOf = (id: string, text: string) => ({
      id,
      type: "function" as const,
      function: { name: "read", arguments: text },
    });
    const payload = {
      role: "assistant" as const,
      content: null,
      tool_calls: [callOf("a", '{"path": "甲"}'), callOf("b", ""), callOf("c", "{坏")],
    };
    await server.call(says("好"), server.modelOf(), { ...request, messages: [{ payload }] });
    const sent = server.sentMessages(0)[1]?.tool_calls as ModelReply["toolCalls"];
    expect(sent.map((sentCall) => sentCall.function.arguments)).toEqual([
      '{"path": "甲"}',
      "{}",
      '{"invalid_json":"{坏"}',
    ]);
  });

  test("in an answer that is no stream are calls", async () => {
    const { reply } = await server.call({ ...calls("list", {}, "a"), whole: true });
    expect(called(reply)).toEqual([["a", "list", "{}"]]);
  });

  test("without a name and arguments behind others are none", async () => {
    const { reply } = await server.call({
      parts: [
        toolDelta(whole("a", 0)),
        toolDelta({ index: 1, id: "b", function: { name: "", arguments: "" } }),
      ],
    });
    expect(called(reply)).toEqual([["a", "read", argumentsText]]);
  });

  test("said once more as a whole behind the stream are still one", async () => {
    const message = { role: "assistant", content: "看看", tool_calls: [whole("a", 0)] };
    const { reply } = await server.call({
      parts: [
        toolDelta(whole("a", 0)),
        { chunk: { choices: [{ index: 0, message, finish_reason: "tool_calls" }] } },
      ],
    });
    expect(called(reply)).toEqual([["a", "read", argumentsText]]);
  });

  test("that are null, beside content that is null, are none", async () => {
    const { reply } = await server.call({
      parts: [
        { chunk: { choices: [{ index: 0, delta: { content: null, tool_calls: null } }] } },
        { text: "好" },
      ],
    });
    expect([reply.text, reply.toolCalls]).toEqual(["好", []]);
  });

  test("without a name make the answer malformed", async () => {
    const error = await server.failure({
      parts: [toolDelta({ index: 0, id: "a", function: { arguments: "{}" } })],
    });
    expect([error.code, error.retryable]).toEqual(["model_malformed", true]);
  });
});
