import { setTimeout as wait } from "node:timers/promises";
import type { ChatMessage, ChatToolCall } from "../../../protocol/message.ts";
import { type Model, type ModelFacts, type ModelRequest, noUsage } from "../model.ts";
import { type Instruction, readInstructions } from "./instructions.ts";
import { wordsFor } from "./words.ts";

/** It costs nothing and forgets nothing. */
const demoFacts: Omit<ModelFacts, "profile"> = {
  contextWindow: 1_000_000,
  maxOutputTokens: undefined,
  vision: false,
  prices: { input: 0, output: 0 },
};

/** Characters and milliseconds a piece: about as fast as one reads. */
const pieceLength = 6;
const readablePaceMs = 15;

/**
 * The model of an installation without a key: an honest offline stand-in. It carries out the lines of a
 * message that are instructions (see instructions.ts) with the real tools, one call a step, and says of
 * everything else that it understands nothing.
 */
export function createDemoModel({ paceMs = readablePaceMs, profile = "demo" } = {}): Model {
  return {
    id: "demo",
    facts: { ...demoFacts, profile },
    async call(request, onDelta, signal) {
      signal.throwIfAborted();
      const { text, toolCall } = answer(request);
      for (const piece of cutText(text)) {
        if (paceMs > 0) await wait(paceMs, undefined, { signal }).catch(() => signal.throwIfAborted());
        onDelta({ type: "text", text: piece });
      }
      return {
        text,
        toolCalls: toolCall ? [toolCall] : [],
        finishReason: toolCall ? "tool_calls" : "stop",
        usage: noUsage,
      };
    },
  };
}

function answer(request: ModelRequest): { text: string; toolCall?: ChatToolCall } {
  const messages = request.messages.map(({ payload }) => payload);
  const last = messages.findLastIndex(({ role }) => role === "user");
  const message = messages[last];
  const content = message?.role === "user" ? message.content : "";
  const words = wordsFor(content);
  const { instructions, others } = readInstructions(content);
  const offered = new Set(request.tools.map((tool) => tool.name));
  const possible = instructions.filter((instruction) => offered.has(instruction.tool));
  const impossible = instructions.filter((instruction) => !offered.has(instruction.tool));

  const answers = messages.slice(last + 1);
  const done = answers.filter((reply) => reply.role === "assistant" && reply.tool_calls).length;
  const next = possible[done];
  if (next) {
    return {
      text: words.step(done + 1, possible.length, next.line),
      toolCall: toCall(next, messages.length),
    };
  }
  if (instructions.length === 0) return { text: words.explanation };
  const parts = [
    ...(possible.length > 0 ? [words.summary(collectResults(possible, answers))] : []),
    ...(impossible.length > 0 ? [words.unavailable(impossible.map(({ line }) => line))] : []),
    ...(others.length > 0 ? [words.notUnderstood(others)] : []),
  ];
  return { text: parts.join("\n\n") };
}

/** `place` in the conversation makes the id unlike every earlier one. */
function toCall(instruction: Instruction, place: number): ChatToolCall {
  const { tool, arguments: input } = instruction;
  return {
    id: `demo_${place}`,
    type: "function",
    function: { name: tool, arguments: JSON.stringify(input) },
  };
}

function collectResults(
  instructions: Instruction[],
  answers: ChatMessage[],
): { line: string; result: string }[] {
  const results = answers.filter((reply) => reply.role === "tool");
  return instructions.map(({ line }, index) => ({ line, result: results[index]?.content ?? "" }));
}

/** Pieces of a few characters; no character is cut in two. */
function cutText(text: string): string[] {
  const characters = [...text];
  const count = Math.ceil(characters.length / pieceLength);
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * pieceLength, (index + 1) * pieceLength).join(""),
  );
}
