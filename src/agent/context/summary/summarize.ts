import { setTimeout as wait } from "node:timers/promises";
import { cleanText } from "../../../protocol/text.ts";
import type { PlanRetry } from "../../agent.ts";
import { type ConversationMessage, type Model, ModelError, type Usage } from "../../model/model.ts";
import { listEssentials } from "./list-essentials.ts";
import { summaryPrompt } from "./summary-prompt.ts";
import { clip, writeTranscript } from "./transcript.ts";

/** Of the summarizing model's window: the rest is for its instructions, the notes before and the answer. */
const shareOfWindow = 0.5;
/** More than that a window of any size does not do well with, tokens. */
const maxPartTokens = 150_000;
/** How many calls one summary may take. */
const maxParts = 6;
/** A call that takes longer is given up, milliseconds. */
const callTimeout = 180_000;
/** What is kept of a summary, characters; of a small window a part, as a character is a token at most. */
const maxSummary = 24_000;
const summaryShare = 0.15;

export interface SummaryInput {
  messages: readonly ConversationMessage[];
  /** What stands for the messages before these. */
  earlier: string;
  model: Model;
  planRetry?: PlanRetry | undefined;
  /** How much the request that the summary becomes a part of may have, tokens. */
  room: number;
  /** Told what each call took. */
  onUsage: (usage: Usage) => void;
}

/**
 * What stands for the messages from now on: a summary, made in several calls where they are more than the model can
 * take at once; or, where the model fails, a list of the essentials that says so. Rejects only with the signal's
 * reason.
 */
export async function summarize(input: SummaryInput, signal: AbortSignal): Promise<string> {
  const { messages, model } = input;
  const earlier = clip(input.earlier, summaryLength(input));
  const partTokens = Math.min(maxPartTokens, Math.floor(model.facts.contextWindow * shareOfWindow));
  let notes = earlier;
  try {
    const parts = writeTranscript(messages, partTokens, maxParts);
    for (const part of parts) notes = await summarizePart(part, notes, input, signal);
    return notes;
  } catch (failure) {
    signal.throwIfAborted();
    const reason = failure instanceof Error ? failure.message : String(failure);
    return clip(listEssentials(messages, notes, cleanText(reason)), summaryLength(input));
  }
}

function summaryLength({ model, room }: SummaryInput): number {
  return Math.min(maxSummary, Math.floor(Math.min(model.facts.contextWindow, room) * summaryShare));
}

async function summarizePart(
  part: string,
  notes: string,
  input: SummaryInput,
  signal: AbortSignal,
): Promise<string> {
  const { model, planRetry, onUsage } = input;
  const before = notes === "" ? "" : `<notes>\n${notes}\n</notes>\n\n`;
  const content = `${before}<record>\n${part}\n</record>\n\nWrite the notes now.`;
  const request = {
    system: summaryPrompt,
    tools: [],
    messages: [{ payload: { role: "user", content } as const }],
  };
  for (let attempt = 1; ; attempt++) {
    try {
      const reply = await model.call(
        request,
        () => {},
        AbortSignal.any([signal, AbortSignal.timeout(callTimeout)]),
      );
      onUsage(reply.usage);
      const text = cleanText(reply.text).trim();
      if (text === "") throw new Error("the model answered with nothing");
      return clip(text, summaryLength(input));
    } catch (failure) {
      signal.throwIfAborted();
      const retry = failure instanceof ModelError ? planRetry?.(failure, attempt) : null;
      if (!retry) throw failure;
      await wait(retry.waitMs, undefined, { signal });
    }
  }
}
