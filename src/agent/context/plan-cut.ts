import type { ConversationMessage, ModelFacts } from "../model/model.ts";
import { messageTokens } from "./count-tokens.ts";

/** How much of the room may be taken before something is left out; what is aimed at then, and what stays whole. */
const fullShare = 0.8;
const aimShare = 0.5;
const wholeShare = 0.2;
/** What is left for an answer where its limit is not known, tokens; of a small window a quarter at most. */
const usualReserve = 8_000;
/** Of what the person said in the part that is summarized, this much stays word for word. */
const keptShare = 0.05;
/** How much may be shown, tokens. */
export interface Budget {
  /** What a request may have at most. */
  room: number;
  /** More than that is cut. */
  full: number;
  /** To so much. */
  aim: number;
  /** The newest messages that stay whole. */
  whole: number;
  /** The person's words that stay beside a summary. */
  kept: number;
}

/** The budget of a model, whose window is smaller than it is said to be where it has refused `refused` tokens. */
export function budgetOf(facts: ModelFacts, refused = Number.POSITIVE_INFINITY): Budget {
  const window = Math.min(facts.contextWindow, refused);
  const reserve = Math.min(facts.maxOutputTokens ?? usualReserve, window / 4);
  const room = Math.floor(window - reserve);
  return {
    room,
    full: Math.floor(room * fullShare),
    aim: Math.floor(room * aimShare),
    whole: Math.floor(room * wholeShare),
    kept: Math.floor(room * keptShare),
  };
}

/**
 * Whether a cut from one size to the other pays for the provider's cache that it voids, and brings the next one far
 * enough off. What was refused is worth more.
 */
export function isWorthwhile(before: number, after: number, isRefused: boolean): boolean {
  return after < before * (isRefused ? 0.95 : 0.8);
}

/**
 * Where the newest messages begin that fit into `tokens`, the last step in any case; never between a call and its
 * result. An offset into the messages.
 */
export function findBoundary(messages: readonly ConversationMessage[], tokens: number): number {
  let sum = 0;
  let boundary = messages.length;
  for (let offset = messages.length - 1; offset >= 0; offset--) {
    const message = messages[offset];
    if (!message) break;
    sum += messageTokens(message);
    if (sum > tokens && boundary < messages.length) break;
    if (message.payload.role !== "tool") boundary = offset;
    if (sum > tokens && boundary < messages.length) break;
  }
  return boundary === messages.length ? 0 : boundary;
}

/** The person's messages before a boundary that are kept word for word: the newest, as far as they fit. */
export function keepWords(
  words: readonly { idx: number; content: string }[],
  tokens: number,
  needed: boolean,
): { idx: number; content: string }[] {
  let sum = 0;
  const kept: { idx: number; content: string }[] = [];
  for (const word of words.toReversed()) {
    sum += messageTokens({ payload: { role: "user", content: word.content } });
    if (sum > tokens && !(needed && kept.length === 0)) break;
    kept.unshift(word);
  }
  return kept;
}
