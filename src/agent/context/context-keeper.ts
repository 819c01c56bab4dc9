import type { AgentSink } from "../agent.ts";
import type { ConversationMessage, Model, ModelRequest, ToolDefinition } from "../model/model.ts";

/** A model call that is about to be made. */
export interface ComingCall {
  step: number;
  model: Model;
  tools: ToolDefinition[];
  /** As it is stored, from the first message on that the agent holds. */
  conversation: readonly ConversationMessage[];
}

/** Decides what a model is shown of a conversation, which itself stays as it is. */
export interface ContextKeeper {
  /**
   * What to send for the coming call. Each begins with the whole one before, but where the conversation had to be cut
   * to fit. Rejects only with the signal's reason.
   */
  prepare(call: ComingCall, sink: AgentSink, signal: AbortSignal): Promise<ModelRequest>;
  /**
   * The same after the provider has refused the call as too long: smaller, or null where nothing can be left out any
   * more. Asked at most once a step.
   */
  shrink(call: ComingCall, sink: AgentSink, signal: AbortSignal): Promise<ModelRequest | null>;
}

/** Shows everything as it is, under one system prompt. */
export function showAll(system: string): ContextKeeper {
  return {
    prepare: async ({ tools, conversation }) => ({ system, tools, messages: [...conversation] }),
    shrink: async () => null,
  };
}
