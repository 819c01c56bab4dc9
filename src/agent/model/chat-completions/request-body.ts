import type { ChatToolCall } from "../../../protocol/message.ts";
import { isRecord } from "../fault-body.ts";
import type { ConversationMessage, ModelRequest } from "../model.ts";
import type { KeptReasoning } from "./answer-collector.ts";

/** What differs between providers in how a request is put. */
export interface RequestStyle {
  model: string;
  /** The key under which this model's kept reasoning stands in a message's `providerData`. */
  dataKey: string;
  /**
   * Whether messages carry the `reasoning_content` they came with: `as-given` where there was one, `every`
   * assistant message (a space where there was none: DeepSeek and Kimi refuse a conversation with gaps,
   * Kimi also an empty text), or `never`.
   */
  sendReasoning: "as-given" | "every" | "never";
  includeUsage: boolean;
  temperature: number | undefined;
  maxOutputTokens: number | undefined;
  /** Further fields of the body, as the profile says. */
  extra: Record<string, unknown>;
}

/** The body of a `/chat/completions` request. What grows stands in front, so that a longer one begins the same. */
export function buildRequestBody(request: ModelRequest, style: RequestStyle): string {
  const { extra, includeUsage, temperature, maxOutputTokens } = style;
  return JSON.stringify({
    model: style.model,
    ...(request.tools.length > 0 && {
      tools: request.tools.map((tool) => ({ type: "function", function: tool })),
    }),
    messages: [
      { role: "system", content: request.system },
      ...request.messages.map((message) => toWire(message, style)),
    ],
    stream: true,
    ...(includeUsage && { stream_options: { include_usage: true } }),
    ...(temperature !== undefined && { temperature }),
    ...(maxOutputTokens !== undefined && { max_tokens: maxOutputTokens }),
    ...extra,
  });
}

function toWire({ payload, providerData }: ConversationMessage, style: RequestStyle): unknown {
  if (payload.role !== "assistant") return payload;
  const kept = readKept(providerData?.[style.dataKey]);
  const send = style.sendReasoning !== "never";
  const reasoning = kept.reasoning_content ?? (style.sendReasoning === "every" ? " " : undefined);
  return {
    role: "assistant",
    content: payload.content,
    ...(send && reasoning !== undefined && { reasoning_content: reasoning }),
    ...(send && kept.reasoning_details && { reasoning_details: kept.reasoning_details }),
    ...(payload.tool_calls && {
      tool_calls: payload.tool_calls.map((call, position) => {
        const extra = kept.extra_content?.[position];
        return { ...withObjectArguments(call), ...(extra != null && { extra_content: extra }) };
      }),
    }),
  };
}

function readKept(value: unknown): KeptReasoning {
  return isRecord(value) ? value : {};
}

/**
 * A call whose arguments are no JSON object is refused by many providers, and with it every later request
 * of the conversation: its text is wrapped into one.
 */
function withObjectArguments(call: ChatToolCall): ChatToolCall {
  const text = call.function.arguments;
  const sent = parsesToObject(text) ? text : JSON.stringify(text.trim() === "" ? {} : { invalid_json: text });
  return { ...call, function: { name: call.function.name, arguments: sent } };
}

function parsesToObject(text: string): boolean {
  try {
    return isRecord(JSON.parse(text));
  } catch {
    return false;
  }
}
