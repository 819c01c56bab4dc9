import type { FinishReason } from "../../protocol/event.ts";
import type { ChatMessage, ChatToolCall, MessageNotes } from "../../protocol/message.ts";

/**
 * A message of the conversation with what its provider wants back on the next call (reasoning
 * signatures and the like), kept per `provider/model` and never shown to another one.
 */
export interface ConversationMessage {
  payload: ChatMessage;
  providerData?: ProviderData | undefined;
  notes?: MessageNotes | undefined;
  /** Of an answer: what the provider counted for the request. */
  tokensIn?: number | undefined;
  /** What a model that can see is shown with it, after its text. */
  images?: readonly Image[] | undefined;
}

/** A picture as providers take it. */
export interface Image {
  mediaType: "image/png" | "image/jpeg" | "image/gif" | "image/webp";
  name: string;
  /** base64 */
  data: string;
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

/** As the provider counts: `cached` and `cacheWrites` are parts of `tokensIn`, `reasoning` of `tokensOut`. */
export interface Usage {
  tokensIn: number;
  tokensOut: number;
  cached: number;
  cacheWrites: number;
  reasoning: number;
  /** What the provider itself says the call cost, US dollars. */
  cost?: number | undefined;
}

export const noUsage: Usage = { tokensIn: 0, tokensOut: 0, cached: 0, cacheWrites: 0, reasoning: 0 };

/** US dollars for a million tokens. */
export interface TokenPrices {
  input: number;
  output: number;
  /** Of input that was read from the cache, or written to it; as other input where not given. */
  cached?: number | undefined;
  cacheWrites?: number | undefined;
}

/** Prices of a call by its size: `tiers` are for all of a call whose input is longer than `above`, shortest first. */
export interface Prices extends TokenPrices {
  tiers?: readonly (TokenPrices & { above: number })[] | undefined;
}

/** What is known of a model beside how to call it. */
export interface ModelFacts {
  /** The name of its profile. */
  profile: string;
  /** Tokens that a request and its answer have room for together. */
  contextWindow: number;
  /** Of an answer. */
  maxOutputTokens: number | undefined;
  /** Whether it can be shown pictures. */
  vision: boolean;
  /** As they are at this moment; null where they are not known. */
  readonly prices: Prices | null;
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
  readonly facts: ModelFacts;
  call(
    request: ModelRequest,
    onDelta: (delta: ModelDelta) => void,
    signal: AbortSignal,
    /** Told, before it rejects, what the provider has said was used by then, if it has. */
    onBrokenOff?: (usage: Usage) => void,
  ): Promise<ModelReply>;
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

/** Failures that say nothing of how another provider would do. */
const providersOwn: ReadonlySet<ModelErrorCode> = new Set([
  "model_rate_limited",
  "model_unavailable",
  "model_connection",
  "model_stalled",
]);

/**
 * Why a model call failed, in the words a person is shown. `retryable` says another attempt may help, `passable` another
 * provider.
 */
export class ModelError extends Error {
  readonly code: ModelErrorCode;
  readonly retryable: boolean;
  readonly passable: boolean;
  /** What the provider's Retry-After asked for, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ModelErrorCode,
    message: string,
    more: { retryable: boolean; passable?: boolean; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause: more.cause });
    this.name = "ModelError";
    this.code = code;
    this.retryable = more.retryable;
    this.passable = more.passable ?? providersOwn.has(code);
    this.retryAfterMs = more.retryAfterMs;
  }
}
