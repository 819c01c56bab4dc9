import type { Conversation } from "../../client/conversation.ts";
import { type AssistantTurn, openRequest, type Part, type Usage, type UserTurn } from "../../client/turn.ts";

/** What the transcript draws, one under the other. `key` stays the same while a row grows. */
export interface Row {
  key: string;
  /** The same object as long as nothing about it changes, so that only what changed is drawn again. */
  item: UserTurn | Part | Working;
  /** The turn it belongs to. */
  turn: number;
  /** Whether it may still grow, or be answered. */
  live: boolean;
  /** Whether it ends what the assistant had to say. */
  last: boolean;
  /** Whether nothing comes after it in the conversation. */
  newest: boolean;
  /** What the turn has used, told with its last row; null elsewhere. */
  usage: Usage | null;
}

/** Stands at the end while a run is at work, or waits for a place, and nothing else shows it. */
export interface Working {
  type: "working";
  queued: number | null;
}

const working: Working = { type: "working", queued: null };

/** The rows of a conversation. A turn's parts are rows of their own, so that long turns are virtualised too. */
export function rowsOf(conversation: Conversation): Row[] {
  const rows: Row[] = [];
  conversation.turns.forEach((turn, index) => {
    const newest = index === conversation.turns.length - 1;
    if (turn.role === "user") {
      const unended = { live: false, last: false, usage: null };
      rows.push({ key: `${index}`, item: turn, turn: index, newest, ...unended });
    } else rows.push(...rowsOfTurn(turn, index, newest));
  });
  return rows;
}

function rowsOfTurn(turn: AssistantTurn, turnIndex: number, newest: boolean): Row[] {
  const running = turn.status === "running";
  const lastPart = turn.parts.length - 1;
  // A question stands for the call that asked it; what needs leave is shown by the request until there is leave.
  const stoodFor = new Set(
    turn.parts.flatMap((part) =>
      part.type === "request" && (part.request.kind === "question" || (running && part.answer === null))
        ? [part.request.call_id]
        : [],
    ),
  );
  const rows = turn.parts.flatMap((part, index): Row[] => {
    if (part.type === "tool" && stoodFor.has(part.id)) return [];
    const grows = index === lastPart || part.type === "tool" || part.type === "request";
    const last = !running && index === lastPart;
    const key = `${turnIndex}.${index}`;
    const used = last && turn.usage && turn.usage.tokensIn + turn.usage.tokensOut > 0 ? turn.usage : null;
    return [{ key, item: part, turn: turnIndex, live: running && grows, last, newest, usage: used }];
  });
  const calling = rows.some(({ item }) => "type" in item && item.type === "tool" && item.state === "running");
  if (running && !calling && !openRequest(turn) && !showsLife(turn.parts.at(-1))) {
    const item = turn.queued === null ? working : { ...working, queued: turn.queued };
    const life = { live: true, last: false, usage: null };
    rows.push({ key: `${turnIndex}.working`, item, turn: turnIndex, newest, ...life });
  }
  return rows;
}

function showsLife(part: Part | undefined): boolean {
  if (!part) return false;
  return part.type === "text" || part.type === "retry" || part.type === "error";
}
