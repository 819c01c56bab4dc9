import { cut, type Part, type Turn } from "../model-turn.ts";
import { commonFrames, event, type Frame, textFrame, type Wire } from "./wire.ts";

interface ChatBody {
  messages?: { role: string; content: unknown }[];
  model?: string;
  stream_options?: { include_usage?: boolean };
}

/** OpenAI's `/chat/completions`. */
export const chatCompletionsWire: Wire = {
  matches: (path) => path.endsWith("/chat/completions"),

  readConversation(body: ChatBody) {
    const messages = body.messages ?? [];
    const last = messages.findLastIndex((message) => message.role === "user");
    const content = messages[last]?.content;
    return {
      prompt: typeof content === "string" ? content : "",
      toolResults: messages.slice(last + 1).filter((message) => message.role === "tool").length,
    };
  },

  encode(turn, body: ChatBody) {
    const known = encoded.get(turn);
    if (known && known.model === body.model) return known.frames;
    const frames = encodeStream(turn, body);
    encoded.set(turn, { model: body.model, frames });
    return frames;
  },

  encodeWhole(turn, body: ChatBody) {
    const parts = turn.parts ?? [];
    const texts = parts.flatMap((part) => ("text" in part ? [part.text] : []));
    const toolCalls = parts.flatMap((part, index) =>
      "toolCall" in part ? [fullCall(part.toolCall, index)] : [],
    );
    return JSON.stringify({
      id: "chatcmpl-scripted",
      object: "chat.completion",
      model: body.model,
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: texts.join(""),
            ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
          },
          finish_reason: finishReason(turn),
        },
      ],
      usage: usageOf(turn),
    });
  },
};

/** Frames depend on the turn and the model's name alone: the bench plays the same turn thousands of times. */
const encoded = new WeakMap<Turn, { model: string | undefined; frames: Frame[] }>();

function encodeStream(turn: Turn, body: ChatBody): Frame[] {
  const usage = usageOf(turn);
  const usageIn = turn.usageIn ?? "own-chunk";
  let chunks = 0;
  const chunk = (delta: unknown, finish: string | null = null) => {
    const inFirst = usageIn === "first-chunk" && chunks++ === 0;
    return event({
      id: "chatcmpl-scripted",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: body.model,
      choices: [{ index: 0, delta, finish_reason: finish, ...(usageIn === "choice" && finish && { usage }) }],
      ...((usageIn === "every-chunk" || inFirst || (usageIn === "finish-chunk" && finish)) && { usage }),
    });
  };
  let toolIndex = 0;
  const frames = (turn.parts ?? []).flatMap((part) => {
    if ("toolCall" in part) return toolFrames(part, toolIndex++, chunk);
    return partFrames(part, chunk);
  });
  frames.unshift({ bytes: chunk({ role: "assistant", content: "" }) });
  const finish = finishReason(turn);
  if (finish !== null) frames.push({ bytes: chunk({}, finish) });
  if (usageIn === "own-chunk") frames.push({ bytes: event({ model: body.model, choices: [], usage }) });
  if (turn.lastWord !== false) frames.push({ bytes: "data: [DONE]\n\n" });
  return frames;
}

type Chunk = (delta: unknown, finish?: string | null) => string;

function partFrames(part: Exclude<Part, { toolCall: object }>, chunk: Chunk): Frame[] {
  if ("text" in part) return [textFrame(chunk({ content: part.text }), part.text)];
  if ("reasoning" in part) {
    return [{ bytes: chunk({ [part.field ?? "reasoning_content"]: part.reasoning }), endsPart: true }];
  }
  return commonFrames(part);
}

function toolFrames({ toolCall }: Extract<Part, { toolCall: object }>, index: number, chunk: Chunk): Frame[] {
  const { id, function: called } = fullCall(toolCall, index);
  const pieces = cut(toolCall.arguments, toolCall.pieces ?? 2);
  const first = { index, id, type: "function", function: { name: called.name, arguments: "" } };
  return [
    { bytes: chunk({ tool_calls: [first] }) },
    ...pieces.map((piece, number) => ({
      bytes: chunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
      endsPart: number === pieces.length - 1,
    })),
  ];
}

function fullCall(toolCall: { id?: string; name: string; arguments: string }, index: number) {
  const { name, arguments: text } = toolCall;
  return { id: toolCall.id ?? `call_${index}`, type: "function", function: { name, arguments: text } };
}

function finishReason(turn: Turn): string | null {
  if (turn.finishReason !== undefined) return turn.finishReason;
  return (turn.parts ?? []).some((part) => "toolCall" in part) ? "tool_calls" : "stop";
}

function usageOf(turn: Turn) {
  const usage: NonNullable<Turn["usage"]> = turn.usage ?? { input: 10, output: 3 };
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    ...((usage.cached !== undefined || usage.cacheWrites !== undefined) && {
      prompt_tokens_details: { cached_tokens: usage.cached ?? 0, cache_write_tokens: usage.cacheWrites ?? 0 },
    }),
    ...(usage.reasoning !== undefined && {
      completion_tokens_details: { reasoning_tokens: usage.reasoning },
    }),
  };
}
