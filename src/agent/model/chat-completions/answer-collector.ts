import type { FinishReason } from "../../../protocol/event.ts";
import type { ChatToolCall } from "../../../protocol/message.ts";
import type { Fault } from "../failure.ts";
import { isRecord, readFault } from "../fault-body.ts";
import { type ModelDelta, type ModelReply, noUsage, type ToolDefinition, type Usage } from "../model.ts";
import type { InlineCall } from "./inline-calls.ts";
import { createInlineMarkup } from "./inline-markup.ts";
import { readPieces } from "./read-pieces.ts";
import { addUsage } from "./read-usage.ts";
import { createReasoningDetails } from "./reasoning-details.ts";
import { createToolCallCollector } from "./tool-call-collector.ts";

/** What of an answer a provider may want back: kept beside the message, never in it. */
export interface KeptReasoning {
  reasoning_content?: string;
  reasoning_details?: unknown[];
  /** By position of the tool call. */
  extra_content?: unknown[];
}

/** Puts an answer together from the JSON chunks of `/chat/completions`. */
export interface AnswerCollector {
  /** Takes one chunk, or a whole completion. Gives the fault if the chunk is one. */
  add(chunk: unknown): Pick<Fault, "message" | "kind"> | null;
  /** Hands on what was said since the last time, as few deltas as possible. */
  flush(): void;
  /** The provider's own word for why it ended; undefined while it has not said so. */
  finishReason(): string | undefined;
  reply(): Omit<ModelReply, "providerData">;
  /** What has been used, as far as it has been said. */
  usage(): Usage;
  kept(): KeptReasoning | undefined;
}

/** Creates a collector that streams to `onDelta`. */
export function createAnswerCollector(
  tools: readonly ToolDefinition[],
  onDelta: (delta: ModelDelta) => void,
): AnswerCollector {
  const called = createToolCallCollector(new Set(tools.map((tool) => tool.name)));
  const details = createReasoningDetails();
  const usage: Usage = { ...noUsage };
  let text = "";
  let reasoningContent = "";
  let finishReason: string | undefined;
  let pending: ModelDelta | undefined;

  const flush = () => {
    if (pending) onDelta(pending);
    pending = undefined;
  };
  const say = (type: ModelDelta["type"], piece: string) => {
    if (piece === "") return;
    if (type === "text") text += piece;
    if (pending?.type === type) {
      pending.text += piece;
      return;
    }
    flush();
    pending = { type, text: piece };
  };

  const markup = createInlineMarkup(tools, say);
  let isWhole = true;
  const addDelta = (delta: Record<string, unknown>) => {
    if (typeof delta.reasoning_content === "string") reasoningContent += delta.reasoning_content;
    for (const piece of readPieces(delta)) {
      if (piece.type === "text") markup.add(piece.text);
      else say(piece.type, piece.text);
    }
    details.add(delta.reasoning_details);
    called.add(delta.tool_calls);
    if (isRecord(delta.function_call)) called.add([{ index: 0, function: delta.function_call }]);
  };

  return {
    add(chunk) {
      const fault = readFault(chunk);
      if (fault && !(isRecord(chunk) && Array.isArray(chunk.choices) && chunk.error == null)) return fault;
      if (!isRecord(chunk)) return null;
      addUsage(usage, chunk.usage);
      if (isRecord(chunk.x_groq)) addUsage(usage, chunk.x_groq.usage);
      const choice: unknown = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
      if (!isRecord(choice)) return null;
      addUsage(usage, choice.usage);
      const choiceFault = readFault({ error: choice.error });
      if (choiceFault) return choiceFault;
      if (isRecord(choice.delta)) {
        isWhole = false;
        addDelta(choice.delta);
      } else if (isRecord(choice.message) && isWhole) {
        // Behind a stream some say all of it once more.
        addDelta(choice.message);
      }
      if (typeof choice.finish_reason === "string" && choice.finish_reason !== "") {
        finishReason = choice.finish_reason;
      }
      return null;
    },
    flush,
    usage: () => usage,
    finishReason: () => finishReason,
    reply() {
      markup.end();
      flush();
      const proper = called.calls();
      const toolCalls = proper.length > 0 ? proper : markup.calls().map(toToolCall);
      return { text, toolCalls, finishReason: toFinishReason(finishReason, toolCalls.length > 0), usage };
    },
    kept() {
      const extras = called.extras();
      const kept: KeptReasoning = {
        ...(reasoningContent !== "" && { reasoning_content: reasoningContent }),
        ...(details.list().length > 0 && { reasoning_details: details.list() }),
        ...(extras.some((extra) => extra !== null) && { extra_content: extras }),
      };
      return Object.keys(kept).length > 0 ? kept : undefined;
    },
  };
}

function toToolCall({ name, arguments: text }: InlineCall, position: number): ChatToolCall {
  return { id: `call_${position + 1}`, type: "function", function: { name, arguments: text } };
}

/** Words for an answer that the provider itself broke off. */
export const brokenOffReasons: ReadonlySet<string> = new Set([
  "error",
  "network_error",
  "insufficient_system_resource",
  "aborted",
]);

function toFinishReason(reason: string | undefined, hasToolCalls: boolean): FinishReason {
  switch (reason?.toLowerCase()) {
    case "length":
    case "max_tokens":
    case "max_output_tokens":
    case "model_length":
    case "model_context_window_exceeded":
      return "length";
    case "content_filter":
    case "sensitive":
    case "safety":
    case "recitation":
      return "content_filter";
    default:
      return hasToolCalls ? "tool_calls" : "stop";
  }
}
