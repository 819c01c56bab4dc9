import { cut, type Part, type Turn } from "../model-turn.ts";
import { commonFrames, event, type Frame, textFrame, type Wire } from "./wire.ts";

/** Anthropic's `/v1/messages`. */
export const anthropicWire: Wire = {
  matches: (path) => path.endsWith("/messages"),
  readConversation: () => ({ prompt: "", toolResults: 0 }),
  encode(turn, body) {
    const { input, output, cached = 0, cacheWrites = 0, reasoning } = usageOf(turn);
    const parts = turn.parts ?? [];
    const usage = {
      input_tokens: input - cached - cacheWrites,
      output_tokens: 1,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: cacheWrites,
    };
    const message = {
      id: "msg_scripted",
      type: "message",
      role: "assistant",
      model: body.model,
      content: [],
      usage,
    };
    let index = 0;
    return [
      { bytes: event({ type: "message_start", message }, "message_start") },
      { bytes: event({ type: "ping" }, "ping") },
      ...parts.flatMap((part) =>
        "chunk" in part || "raw" in part || "until" in part ? commonFrames(part) : blockFrames(part, index++),
      ),
      ...(turn.finishReason === null ? [] : [{ bytes: messageDelta(turn, output, reasoning) }]),
      ...(turn.lastWord === false ? [] : [{ bytes: event({ type: "message_stop" }, "message_stop") }]),
    ];
  },
};

function usageOf({ usage = { input: 10, output: 3 } }: Turn): NonNullable<Turn["usage"]> {
  return usage;
}

function messageDelta(turn: Turn, output: number, reasoning: number | undefined): string {
  const calls = (turn.parts ?? []).some((part) => "toolCall" in part);
  const delta = { stop_reason: turn.finishReason ?? (calls ? "tool_use" : "end_turn"), stop_sequence: null };
  const usage = {
    output_tokens: output,
    ...(reasoning !== undefined && { output_tokens_details: { thinking_tokens: reasoning } }),
  };
  return event({ type: "message_delta", delta, usage }, "message_delta");
}

type Block = Extract<Part, { text: string } | { reasoning: string } | { toolCall: object }>;

function blockFrames(part: Block, index: number): Frame[] {
  const start = (content_block: unknown) => ({
    bytes: event({ type: "content_block_start", index, content_block }, "content_block_start"),
  });
  const delta = (value: unknown) =>
    event({ type: "content_block_delta", index, delta: value }, "content_block_delta");
  const stop = { bytes: event({ type: "content_block_stop", index }, "content_block_stop") };
  if ("text" in part) {
    const frame = textFrame(delta({ type: "text_delta", text: part.text }), part.text);
    return [start({ type: "text", text: "" }), frame, stop];
  }
  if ("reasoning" in part) {
    return [
      start({ type: "thinking", thinking: "", signature: "" }),
      { bytes: delta({ type: "thinking_delta", thinking: part.reasoning }), endsPart: true },
      { bytes: delta({ type: "signature_delta", signature: part.signature ?? "signature" }) },
      stop,
    ];
  }
  const { id = `toolu_${index}`, name, arguments: text, pieces = 2 } = part.toolCall;
  return [
    start({ type: "tool_use", id, name, input: {} }),
    ...cut(text, pieces).map((piece) => ({
      bytes: delta({ type: "input_json_delta", partial_json: piece }),
    })),
    { ...stop, endsPart: true },
  ];
}
