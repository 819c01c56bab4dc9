import type { RunEvent } from "../protocol/event.ts";
import type { ChatMessage } from "../protocol/message.ts";
import type { Directory } from "../workspace/directory.ts";
import type { ConversationMessage, Model, ModelError, ProviderData, Usage } from "./model/model.ts";
import type { Tool } from "./tools/tool.ts";

/** What the agent says while it works. How a run starts and ends is said by whoever runs the agent. */
export type AgentEvent = Extract<
  RunEvent,
  {
    type:
      | "llm_start"
      | "text"
      | "reasoning"
      | "tool_call"
      | "tool_output"
      | "tool_result"
      | "llm_end"
      | "retry";
  }
>;

/** A message to be stored. Handed over in order, they continue the conversation and keep it valid for the API. */
export interface NewMessage {
  payload: ChatMessage;
  usage?: Usage;
  providerData?: ProviderData;
}

/** Where events and messages go, in one common order. `event` and `message` return at once and never throw. */
export interface AgentSink {
  event(event: AgentEvent): void;
  message(message: NewMessage): void;
  /** Resolves when all handed over so far is committed. */
  committed(): Promise<void>;
}

/** How long to wait before the next attempt, or null for none. `attempt` counts from 1: the one that failed. */
export type PlanRetry = (error: ModelError, attempt: number) => { waitMs: number } | null;

export interface AgentInput {
  system: string;
  /** Ends with the user's message; or, after a crash, wherever the stored messages end. */
  conversation: ConversationMessage[];
  tools: Tool[];
  model: Model;
  directory: Directory;
  maxSteps: number;
  /** The number of the first step; above 1 where an interrupted run goes on. */
  firstStep?: number;
  planRetry?: PlanRetry;
}

export type AgentOutcome =
  | { status: "ok" }
  | { status: "cancelled" }
  | { status: "error"; code: string; message: string };

/**
 * Works on the conversation until the model asks for no more tools. What the model, a tool or the
 * signal does to it is an outcome; it rejects only where `sink.committed` does.
 */
export async function runAgent(
  input: AgentInput,
  sink: AgentSink,
  signal: AbortSignal,
): Promise<AgentOutcome> {
  throw new Error(`not built yet: ${input.maxSteps} ${typeof sink} ${signal.aborted}`);
}
