import { createHash } from "node:crypto";
import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ToolCallPart,
  LanguageModelV4ToolResultPart,
} from "@ai-sdk/provider";
import type { ChatMessage, ChatToolCall } from "../../../protocol/message.ts";
import { isRecord } from "../fault-body.ts";
import type { Image, ModelRequest } from "../model.ts";
import type { KeptPart } from "./reply-collector.ts";

type AssistantMessage = Extract<ChatMessage, { role: "assistant" }>;
type AssistantContent = Extract<LanguageModelV4Message, { role: "assistant" }>["content"];

/**
 * The stored conversation as an SDK takes it, with its pictures where the model has `vision`; reasoning goes back to the
 * model it came from alone.
 */
export function toPrompt(
  request: ModelRequest,
  { dataKey, vision }: { dataKey: string; vision: boolean },
): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = [{ role: "system", content: request.system }];
  const toolNames = new Map<string, string>();
  for (const { payload, providerData, images: given = [] } of request.messages) {
    const pictures = vision ? given.map(toPicture) : [];
    if (payload.role === "user") {
      prompt.push({ role: "user", content: [{ type: "text", text: payload.content }, ...pictures] });
    } else if (payload.role === "assistant") {
      for (const call of payload.tool_calls ?? []) toolNames.set(call.id, call.function.name);
      const content = toKeptContent(payload, providerData?.[dataKey]) ?? toPlainContent(payload);
      if (content.length > 0) prompt.push({ role: "assistant", content });
    } else {
      const result: LanguageModelV4ToolResultPart = {
        type: "tool-result",
        toolCallId: safeId(payload.tool_call_id),
        toolName: toolNames.get(payload.tool_call_id) ?? "unknown",
        output:
          pictures.length === 0
            ? { type: "text", value: payload.content }
            : { type: "content", value: [{ type: "text", text: payload.content }, ...pictures] },
      };
      const last = prompt.at(-1);
      if (last?.role === "tool") last.content.push(result);
      else prompt.push({ role: "tool", content: [result] });
    }
  }
  return prompt;
}

function toPicture({ mediaType, data }: Image): LanguageModelV4FilePart {
  return { type: "file", mediaType, data: { type: "data", data } };
}

function toPlainContent({ content, tool_calls }: AssistantMessage): AssistantContent {
  return [
    ...(content ? [{ type: "text" as const, text: content }] : []),
    ...(tool_calls ?? []).map((call) => toCallPart(call)),
  ];
}

/** The message as its provider gave it; null if what was kept does not fit it (any more). */
function toKeptContent(message: AssistantMessage, kept: unknown): AssistantContent | null {
  if (!Array.isArray(kept)) return null;
  const text = message.content ?? "";
  const calls = [...(message.tool_calls ?? [])];
  const content: AssistantContent = [];
  let at = 0;
  for (const part of kept as KeptPart[]) {
    const options = isRecord(part.options) && { providerOptions: part.options };
    if (part.type === "reasoning") {
      content.push({ type: "reasoning", text: part.text, ...options });
    } else if (part.type === "text") {
      const piece = text.slice(at, at + part.length);
      at += part.length;
      if (piece !== "" || options) content.push({ type: "text", text: piece, ...options });
    } else {
      const call = calls.shift();
      if (!call) return null;
      content.push({ ...toCallPart(call), ...options });
    }
  }
  // A message that said nothing but white space beside its calls is stored without a text.
  const whole = at === text.length || message.content === null;
  return whole && calls.length === 0 ? content : null;
}

function toCallPart(call: ChatToolCall): LanguageModelV4ToolCallPart {
  const { name, arguments: text } = call.function;
  return { type: "tool-call", toolCallId: safeId(call.id), toolName: name, input: readInput(text) };
}

/** Anthropic refuses ids with other characters, as Kimi makes them; OpenAI longer ones. */
function safeId(id: string): string {
  if (/^[\w-]{1,64}$/.test(id)) return id;
  return `call_${createHash("sha256").update(id).digest("hex").slice(0, 24)}`;
}

/** Arguments that are no object are wrapped in one: no provider takes anything else. */
function readInput(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {}
  return { invalid_json: text };
}
