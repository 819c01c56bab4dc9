import type { Conversation } from "../../client/conversation.ts";
import type { Part, UserTurn } from "../../client/turn.ts";

/** What the transcript draws, one under the other. `key` stays the same while a row grows. */
export interface Row {
  key: string;
  /** The same object as long as nothing about it changes, so that only what changed is drawn again. */
  item: UserTurn | Part | typeof working;
  /** Whether it may still grow. */
  live: boolean;
  /** Whether it ends what the assistant had to say. */
  last: boolean;
}

/** Stands at the end while a run is at work and nothing else shows it. */
export const working = { type: "working" } as const;

/** The rows of a conversation. A turn's parts are rows of their own, so that long turns are virtualised too. */
export function rowsOf(conversation: Conversation): Row[] {
  const rows: Row[] = [];
  conversation.turns.forEach((turn, turnIndex) => {
    if (turn.role === "user") {
      rows.push({ key: `${turnIndex}`, item: turn, live: false, last: false });
      return;
    }
    const running = turn.status === "running";
    const lastPart = turn.parts.length - 1;
    turn.parts.forEach((part, index) => {
      const live = running && (index === lastPart || part.type === "tool");
      rows.push({ key: `${turnIndex}.${index}`, item: part, live, last: !running && index === lastPart });
    });
    if (running && !showsLife(turn.parts.at(-1))) {
      rows.push({ key: `${turnIndex}.working`, item: working, live: true, last: false });
    }
  });
  return rows;
}

function showsLife(part: Part | undefined): boolean {
  if (!part) return false;
  if (part.type === "tool") return part.state === "running";
  return part.type !== "reasoning" && part.type !== "cancelled";
}
