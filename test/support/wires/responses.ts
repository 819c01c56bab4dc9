import { cut, type Part, type Turn } from "../model-turn.ts";
import { commonFrames, event, type Frame, textFrame, type Wire } from "./wire.ts";

/** OpenAI's `/responses`. */
export const responsesWire: Wire = {
  matches: (path) => path.endsWith("/responses"),
  readConversation: () => ({ prompt: "", toolResults: 0 }),
  encode(turn, body) {
    const response = {
      id: "resp_scripted",
      object: "response",
      created_at: 1_700_000_000,
      model: body.model,
    };
    const created = { ...response, status: "in_progress", output: [], service_tier: null };
    return [
      { bytes: named({ type: "response.created", sequence_number: 0, response: created }) },
      ...(turn.parts ?? []).flatMap((part, index) =>
        "chunk" in part || "raw" in part || "until" in part ? commonFrames(part) : itemFrames(part, index),
      ),
      ...(turn.finishReason === null ? [] : [{ bytes: named(ending(turn, response)) }]),
    ];
  },
};

function named(data: { type: string; [field: string]: unknown }): string {
  return event(data, data.type);
}

function ending(turn: Turn, response: object): { type: string; response: object } {
  const said: NonNullable<Turn["usage"]> = turn.usage ?? { input: 10, output: 3 };
  const { input, output, cached = 0, cacheWrites, reasoning = 0 } = said;
  const incomplete = turn.finishReason !== undefined;
  const usage = {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: cached,
      ...(cacheWrites !== undefined && { cache_write_tokens: cacheWrites }),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
  const incomplete_details = incomplete ? { reason: turn.finishReason } : null;
  const status = incomplete ? "incomplete" : "completed";
  const type = `response.${status}`;
  return { type, response: { ...response, status, output: [], usage, incomplete_details } };
}

type ItemPart = Extract<Part, { text: string } | { reasoning: string } | { toolCall: object }>;

function itemFrames(part: ItemPart, output_index: number): Frame[] {
  const added = (item: unknown) => ({
    bytes: named({ type: "response.output_item.added", output_index, item }),
  });
  const done = (item: unknown) => ({
    bytes: named({ type: "response.output_item.done", output_index, item }),
    endsPart: true,
  });
  if ("text" in part) {
    const item = { id: `msg_${output_index}`, type: "message", role: "assistant", content: [] };
    const delta = { item_id: item.id, output_index, content_index: 0, delta: part.text };
    const content = [{ type: "output_text", text: part.text, annotations: [] }];
    return [
      added({ ...item, status: "in_progress" }),
      textFrame(named({ type: "response.output_text.delta", ...delta }), part.text),
      { ...done({ ...item, status: "completed", content }), endsPart: false },
    ];
  }
  if ("reasoning" in part) {
    const item = { id: `rs_${output_index}`, type: "reasoning", summary: [] };
    const place = { item_id: item.id, output_index, summary_index: 0 };
    const summary = [{ type: "summary_text", text: part.reasoning }];
    return [
      added({ ...item, encrypted_content: null }),
      {
        bytes: named({
          type: "response.reasoning_summary_part.added",
          ...place,
          part: { type: "summary_text", text: "" },
        }),
      },
      {
        bytes: named({
          type: "response.reasoning_summary_text.delta",
          ...{ ...place, delta: part.reasoning },
        }),
      },
      done({ ...item, summary, encrypted_content: part.signature ?? "encrypted" }),
    ];
  }
  const { id = `call_${output_index}`, name, arguments: text, pieces = 2 } = part.toolCall;
  const item = { id: `fc_${output_index}`, type: "function_call", call_id: id, name };
  return [
    added({ ...item, arguments: "", status: "in_progress" }),
    ...cut(text, pieces).map((delta) => ({
      bytes: named({
        type: "response.function_call_arguments.delta",
        item_id: item.id,
        output_index,
        delta,
      }),
    })),
    done({ ...item, arguments: text, status: "completed" }),
  ];
}
