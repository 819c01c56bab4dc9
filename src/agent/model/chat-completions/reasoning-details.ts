import { isRecord } from "../fault-body.ts";

/** Fields of an entry that come in pieces; all others stay as they are. */
const grown = ["text", "summary", "data"] as const;

/**
 * OpenRouter's `reasoning_details`: a list whose entries come in pieces over the chunks of a stream, and
 * which the next call must repeat entry for entry.
 */
export function createReasoningDetails(): { add(pieces: unknown): void; list(): Record<string, unknown>[] } {
  const entries: Record<string, unknown>[] = [];
  return {
    add(pieces) {
      if (!Array.isArray(pieces)) return;
      for (const piece of pieces) {
        if (!isRecord(piece)) continue;
        const last = entries.at(-1);
        if (last && last.type === piece.type && last.index === piece.index) mergeInto(last, piece);
        else entries.push({ ...piece });
      }
    },
    list: () => entries,
  };
}

function mergeInto(entry: Record<string, unknown>, piece: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(piece)) {
    const begun = entry[key];
    const grows = (grown as readonly string[]).includes(key);
    if (grows && typeof begun === "string" && typeof value === "string") entry[key] = begun + value;
    else if (value !== null && value !== undefined) entry[key] = value;
  }
}
