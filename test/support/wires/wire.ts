import type { Conversation } from "../model-prompts.ts";
import type { Part, Turn } from "../model-turn.ts";

/** What is written for one part: its bytes, or what to wait for. */
export interface Frame {
  bytes: string;
  /** Where in `bytes` a text begins: the place of its time stamp. */
  stampAt?: number;
  until?: Promise<unknown>;
  /** Whether this frame completes a part of the turn. */
  endsPart?: boolean;
}

/** A protocol that the scripted model server speaks. */
export interface Wire {
  matches(path: string): boolean;
  /** What the grammar of prompts needs to know. */
  readConversation(body: Record<string, unknown>): Conversation;
  encode(turn: Turn, body: Record<string, unknown>): Frame[];
  /** The whole answer as one JSON text, where the wire has that. */
  encodeWhole?(turn: Turn, body: Record<string, unknown>): string;
}

/** A server-sent event with JSON as its data. */
export function event(data: unknown, name?: string): string {
  return `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** The frames of parts that are the same in every wire. */
export function commonFrames(
  part: Exclude<Part, { text: string } | { reasoning: string } | { toolCall: object }>,
): Frame[] {
  if ("until" in part) return [{ bytes: "", until: part.until, endsPart: true }];
  if ("raw" in part) return [{ bytes: part.raw, endsPart: true }];
  return [{ bytes: event(part.chunk), endsPart: true }];
}

/** A frame of text. `bytes` must hold `text` in a JSON string, once. */
export function textFrame(bytes: string, text: string): Frame {
  return { bytes, stampAt: bytes.indexOf(JSON.stringify(text).slice(1, -1)), endsPart: true };
}
