import type { FinishReason } from "../../protocol/event.ts";
import type { ChatMessage, ChatToolCall } from "../../protocol/message.ts";

/**
 * A message of the conversation with what its provider wants back on the next call (reasoning
 * signatures and the like), kept per `provider/model` and never shown to another one.
 */
export interface ConversationMessage {
  payload: ChatMessage;
  providerData?: ProviderData | undefined;
}

/** JSON values by `provider/model`. */
export type ProviderData = Record<string, unknown>;

/** A tool as the model sees it; `parameters` is a JSON Schema object. */
export interface ToolDefinition {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

/** One call of a model. System prompt, tools and messages form the stable prefix: they only ever grow. */
export interface ModelRequest {
  system: string;
  tools: ToolDefinition[];
  messages: ConversationMessage[];
}

/** A piece of the answer while it streams. */
export type ModelDelta = { type: "text"; text: string } | { type: "reasoning"; text: string };

export interface Usage {
  tokensIn: number;
  tokensOut: number;
}

/** A whole answer. `toolCalls` carry the arguments as the model wrote them, ids never empty. */
export interface ModelReply {
  text: string;
  toolCalls: ChatToolCall[];
  finishReason: FinishReason;
  usage: Usage;
  providerData?: ProviderData | undefined;
}

/**
 * A model of some provider. `call` streams pieces to `onDelta` and resolves to the whole answer. It
 * rejects only with a `ModelError`, or with the signal's reason once `signal` is aborted; then the
 * socket to the provider is already closed. It makes one attempt: trying again is the loop's work.
 */
export interface Model {
  /** The provider's own name of the model, as shown in `llm_start`. */
  readonly id: string;
  call(request: ModelRequest, onDelta: (delta: ModelDelta) => void, signal: AbortSignal): Promise<ModelReply>;
}

export type ModelErrorCode =
  | "model_rate_limited"
  | "model_unavailable"
  | "model_connection"
  | "model_stalled"
  | "model_malformed"
  | "model_unauthorized"
  | "model_context_length"
  | "model_rejected";

/** Why a model call failed, in the words a person is shown. `retryable` says another attempt may help. */
export class ModelError extends Error {
  readonly code: ModelErrorCode;
  readonly retryable: boolean;
  /** What the provider's Retry-After asked for, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ModelErrorCode,
    message: string,
    more: { retryable: boolean; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause: more.cause });
    this.name = "ModelError";
    this.code = code;
    this.retryable = more.retryable;
    this.retryAfterMs = more.retryAfterMs;
  }
}
