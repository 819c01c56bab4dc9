import type { LanguageModelV4StreamPart, SharedV4ProviderMetadata } from "@ai-sdk/provider";
import type { FinishReason } from "../../../protocol/event.ts";
import type { ChatToolCall } from "../../../protocol/message.ts";
import type { ModelDelta, ModelReply } from "../model.ts";

/**
 * A part of an answer as its provider wants it back, in order. Texts and calls stand in the message
 * itself: a text part takes the next `length` characters, a call part the next call.
 */
export type KeptPart = { options?: SharedV4ProviderMetadata | undefined } & (
  | { type: "reasoning"; text: string }
  | { type: "text"; length: number }
  | { type: "tool-call" }
);

/** Puts a reply together from the parts of an SDK's stream, streaming to `onDelta`. */
export function createReplyCollector(onDelta: (delta: ModelDelta) => void) {
  const kept: KeptPart[] = [];
  const open = new Map<string, KeptPart>();
  const toolCalls: ChatToolCall[] = [];
  let text = "";
  let ending: Extract<LanguageModelV4StreamPart, { type: "finish" }> | undefined;

  const find = (kind: "reasoning" | "text", id: string, options?: SharedV4ProviderMetadata): KeptPart => {
    const key = `${kind} ${id}`;
    let part = open.get(key);
    if (!part) {
      part = kind === "text" ? { type: "text", length: 0 } : { type: "reasoning", text: "" };
      open.set(key, part);
      kept.push(part);
    }
    // The signature comes last, the item's id first: both are wanted back.
    if (options) part.options = mergeOptions(part.options, options);
    return part;
  };

  const addText = (
    kind: "reasoning" | "text",
    id: string,
    delta: string,
    options?: SharedV4ProviderMetadata,
  ) => {
    const part = find(kind, id, options);
    if (delta === "") return;
    if (part.type === "reasoning") part.text += delta;
    if (part.type === "text") {
      part.length += delta.length;
      text += delta;
    }
    onDelta({ type: kind, text: delta });
  };

  return {
    add(part: LanguageModelV4StreamPart): void {
      switch (part.type) {
        case "text-start":
        case "text-end":
        case "reasoning-start":
        case "reasoning-end": {
          const kind = part.type.startsWith("text") ? "text" : "reasoning";
          find(kind, part.id, part.providerMetadata);
          if (part.type.endsWith("end")) open.delete(`${kind} ${part.id}`);
          return;
        }
        case "text-delta":
          addText("text", part.id, part.delta, part.providerMetadata);
          return;
        case "reasoning-delta":
          addText("reasoning", part.id, part.delta, part.providerMetadata);
          return;
        case "tool-call":
          toolCalls.push({
            id: part.toolCallId,
            type: "function",
            function: { name: part.toolName, arguments: part.input },
          });
          kept.push({ type: "tool-call", options: part.providerMetadata });
          return;
        case "finish":
          ending = part;
      }
    },

    /** The reply, or why it is none. */
    reply(): ModelReply | { brokenOff: string } {
      const reason = ending?.finishReason.unified ?? "no end";
      if (!ending || reason === "error" || reason === "interrupted") return { brokenOff: reason };
      // Nothing at all and no word why: what came was no answer of this wire.
      if (reason === "other" && ending.finishReason.raw === undefined) return { brokenOff: "no end" };
      const { inputTokens, outputTokens } = ending.usage;
      return {
        text,
        toolCalls,
        finishReason: toFinishReason(reason, toolCalls.length > 0),
        usage: {
          tokensIn: inputTokens.total ?? 0,
          tokensOut: outputTokens.total ?? 0,
          cached: inputTokens.cacheRead ?? 0,
          cacheWrites: inputTokens.cacheWrite ?? 0,
          reasoning: outputTokens.reasoning ?? 0,
        },
      };
    },

    /** The parts, if the provider wants any of them back other than they stand in the message. */
    parts(): KeptPart[] | undefined {
      return kept.some((part) => part.options !== undefined) ? kept : undefined;
    },
  };
}

function mergeOptions(
  before: SharedV4ProviderMetadata | undefined,
  after: SharedV4ProviderMetadata,
): SharedV4ProviderMetadata {
  const merged = { ...before };
  for (const [provider, options] of Object.entries(after)) {
    const known = Object.entries(options).filter(([, value]) => value !== null && value !== undefined);
    merged[provider] = { ...merged[provider], ...Object.fromEntries(known) };
  }
  return merged;
}

function toFinishReason(reason: string, hasToolCalls: boolean): FinishReason {
  if (reason === "length") return "length";
  if (reason === "content-filter") return "content_filter";
  return hasToolCalls ? "tool_calls" : "stop";
}
