import { isRecord } from "../fault-body.ts";
import type { ModelDelta } from "../model.ts";

/** What a delta says, reasoning before text, under whichever names a provider has for them. */
export function readPieces(delta: Record<string, unknown>): ModelDelta[] {
  const pieces: ModelDelta[] = [];
  const add = (type: ModelDelta["type"], text: unknown) => {
    if (typeof text === "string" && text !== "") pieces.push({ type, text });
  };
  // Some send the same reasoning under two names at once.
  add("reasoning", delta.reasoning_content || delta.reasoning || delta.thinking);
  if (Array.isArray(delta.content)) pieces.push(...delta.content.flatMap(readPart));
  else add("text", delta.content);
  add("text", delta.refusal);
  return pieces;
}

/** Mistral's form: `{type: "text", text}` or `{type: "thinking", thinking: [{text}]}`. */
function readPart(part: unknown): ModelDelta[] {
  if (!isRecord(part)) return [];
  const thoughts = Array.isArray(part.thinking) ? part.thinking : [part.thinking];
  const reasoning = thoughts.map((thought) => (isRecord(thought) ? thought.text : thought));
  return [
    ...reasoning.map((text) => ({ type: "reasoning" as const, text })),
    { type: "text" as const, text: part.text },
  ].filter((piece): piece is ModelDelta => typeof piece.text === "string" && piece.text !== "");
}
