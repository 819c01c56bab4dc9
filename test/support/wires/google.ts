import type { Part, Turn } from "../model-turn.ts";
import { commonFrames, event, type Frame, textFrame, type Wire } from "./wire.ts";

/** Google's `models/<model>:streamGenerateContent?alt=sse`. */
export const googleWire: Wire = {
  matches: (path) => path.endsWith(":streamGenerateContent"),
  readConversation: () => ({ prompt: "", toolResults: 0 }),
  encode(turn) {
    return [
      ...(turn.parts ?? []).flatMap((part) => partFrames(part)),
      ...(turn.finishReason === null ? [] : [{ bytes: event(lastChunk(turn)) }]),
    ];
  },
};

function chunk(part: unknown, more: Record<string, unknown> = {}): unknown {
  return { candidates: [{ index: 0, content: { role: "model", parts: [part] }, ...more }] };
}

function lastChunk(turn: Turn): unknown {
  const usage: NonNullable<Turn["usage"]> = turn.usage ?? { input: 10, output: 3 };
  const { input, output, cached, reasoning = 0 } = usage;
  return {
    candidates: [
      { index: 0, content: { role: "model", parts: [] }, finishReason: turn.finishReason ?? "STOP" },
    ],
    usageMetadata: {
      promptTokenCount: input,
      candidatesTokenCount: output - reasoning,
      ...(reasoning > 0 && { thoughtsTokenCount: reasoning }),
      totalTokenCount: input + output,
      ...(cached !== undefined && { cachedContentTokenCount: cached }),
    },
  };
}

function partFrames(part: Part): Frame[] {
  if ("text" in part) return [textFrame(event(chunk({ text: part.text })), part.text)];
  if ("reasoning" in part) {
    return [{ bytes: event(chunk({ text: part.reasoning, thought: true })), endsPart: true }];
  }
  if (!("toolCall" in part)) return commonFrames(part);
  const { id, name, arguments: text, signature } = part.toolCall;
  const functionCall = { ...(id !== undefined && { id }), name, args: JSON.parse(text) as unknown };
  const value = { functionCall, ...(signature !== undefined && { thoughtSignature: signature }) };
  return [{ bytes: event(chunk(value)), endsPart: true }];
}
