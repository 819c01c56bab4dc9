import type { Directory } from "../../workspace/directory.ts";
import type { PlanRetry } from "../agent.ts";
import type { ConversationMessage, Image, Model } from "../model/model.ts";
import type { ComingCall } from "./context-keeper.ts";
import { type ContextRecord, type PromptSection, systemOf } from "./context-record.ts";
import { estimateTokens, messageTokens } from "./count-tokens.ts";

/** What a context is made of. */
export interface ContextInput {
  /** As it is stored; null for a conversation that begins. */
  record: unknown;
  /** The index of the first message that the agent holds. */
  firstIdx: number;
  /** The system prompt as it would be today. */
  sections: PromptSection[];
  /** Gives them anew, for a conversation that is cut in mid-run. */
  renewSections: () => Promise<PromptSection[]>;
  /** Whether the run has been at work before: then the model has seen its newest message, and no note may be put to it. */
  isResumed: boolean;
  /** Where results go that are left out. */
  directory: Directory;
  /** Where pictures are kept. */
  userRoot: Directory;
  /** The working directory below the user's root; "" for the root. */
  directoryName: string;
  /** Writes the summaries. */
  summaryModel: Model;
  planRetry?: PlanRetry;
}

/** What a context is at the moment. */
export interface ContextState {
  record: ContextRecord;
  /** Whether the record has still to be stored. */
  isChanged: boolean;
  /** What is shown, of so many messages. */
  shown: ConversationMessage[];
  seen: number;
  images: Map<string, Image>;
  /** How much a provider has refused. */
  refused: number | undefined;
}

const toolTokens = new WeakMap<ComingCall["tools"], number>();

/** What system prompt and tools take by the estimate. */
export function promptTokens(record: ContextRecord, tools: ComingCall["tools"]): number {
  const known = toolTokens.get(tools) ?? estimateTokens(JSON.stringify(tools));
  toolTokens.set(tools, known);
  return estimateTokens(systemOf(record)) + known;
}

/** What a request takes by the estimate; messages that were counted before cost nothing. */
export function estimateRequest(
  record: ContextRecord,
  tools: ComingCall["tools"],
  shown: readonly ConversationMessage[],
): number {
  return shown.reduce((sum, message) => sum + messageTokens(message), promptTokens(record, tools));
}
