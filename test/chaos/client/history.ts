import type { MessageMode } from "../../../src/protocol/message.ts";

/** A message that somebody tried to post, with the same idempotency key until there was an answer. */
export interface PostRecord {
  userId: string;
  taskId: string;
  content: string;
  mode: MessageMode;
  /** Order of beginning, over all posts of the round. */
  number: number;
  attempts: number;
  /** uncertain: nobody ever answered; it may be stored or not. */
  outcome: "acknowledged" | "refused" | "uncertain";
  status: number;
  runId?: string;
  pendingId?: string;
  startedAt: number;
  answeredAt: number;
  /** Another content that it has, or may have where `content` may still be it, since it was edited. */
  edited?: { content: string; certain: boolean };
  /** It was withdrawn; maybe: the answer was lost. */
  withdrawn?: "yes" | "maybe";
}

export type ReconnectStyle = "last-event-id" | "after" | "zero";
export const reconnectStyles: readonly ReconnectStyle[] = ["last-event-id", "after", "zero"];

/** What came over one connection of a watcher: whole frames as bytes, from behind `from`. */
export interface WatchedConnection {
  from: number;
  frames: string[];
  end: string;
}

export interface WatchRecord {
  userId: string;
  taskId: string;
  runId: string;
  style: ReconnectStyle;
  connections: WatchedConnection[];
  /** When the run's last frame came; undefined: the watcher gave up. */
  finishedAt?: number;
  /** The stream was answered with what says that it will never come. */
  refused?: true;
  /** Type of the last frame, and its data. */
  last?: { event: string; data: Record<string, unknown> };
}

export interface CancelRecord {
  taskId: string;
  runId: string;
  startedAt: number;
  answeredAt: number;
  /** 202 taken, 409 had ended; 0: nobody answered. */
  status: number;
}

/** A frame of a stream whose cursor is opaque (of a task, of a user), as it came. */
export interface StreamRecord {
  taskId: string;
  frames: { id: string; event: string; data: string }[];
  connections: number;
}

/** All that the clients of one round saw: what the checker holds against the database. */
export interface History {
  posts: PostRecord[];
  watches: WatchRecord[];
  cancels: CancelRecord[];
  streams: StreamRecord[];
  /** Tasks whose deletion was begun: what was seen of them can be held against nothing. */
  deleted: Set<string>;
  /** How often each status was answered; 0: no answer. */
  answers: Map<number, number>;
  /** What no server may ever say, whatever happens: 500, 503 without Retry-After, ... */
  faults: string[];
}

export function createHistory(): History {
  return {
    posts: [],
    watches: [],
    cancels: [],
    streams: [],
    deleted: new Set(),
    answers: new Map(),
    faults: [],
  };
}
