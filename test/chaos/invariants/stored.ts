import type { Pool } from "pg";
import { isActive, type RunStatus } from "../../../src/protocol/run.ts";
import type { StoredMessage } from "../../support/api/request.ts";

export interface StoredRun {
  run_id: string;
  task_id: string;
  status: RunStatus;
  lease_owner: string | null;
  lease_generation: number;
  attempt: number;
  tokens_in: number;
  tokens_out: number;
  error_code: string | null;
}

export interface StoredEvent {
  seq: number;
  type: string;
  data: string;
}

export interface OwnedMessage extends StoredMessage {
  run_id: string;
}

/** All of a round's database, read when nothing writes any more. */
export interface Stored {
  tasks: {
    task_id: string;
    directory: string;
    tokens_prompt: number;
    tokens_completion: number;
    n_messages: number;
  }[];
  runs: StoredRun[];
  events: Map<string, StoredEvent[]>;
  messages: Map<string, OwnedMessage[]>;
  pending: { pending_id: string; task_id: string; content: string }[];
}

export async function readStored(pool: Pool): Promise<Stored> {
  const rows = async <Row>(text: string) => (await pool.query(text)).rows as Row[];
  const events = await rows<StoredEvent & { run_id: string }>("select * from events order by run_id, seq");
  const messages = await rows<OwnedMessage & { task_id: string }>(
    "select * from messages order by task_id, idx",
  );
  return {
    tasks: await rows("select * from tasks"),
    runs: await rows("select * from runs order by run_id"),
    events: Map.groupBy(events, ({ run_id }) => run_id),
    messages: Map.groupBy(messages, ({ task_id }) => task_id),
    pending: await rows("select * from pending"),
  };
}

/** The frame that a watcher gets for an event, byte for byte. */
export function frameOf({ seq, type, data }: StoredEvent): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${data}\n\n`;
}

/** Runs and waiting messages that have not come to their end. */
export async function countUnfinished(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select (select count(*) from runs where status in ('queued', 'running', 'waiting', 'cancelling'))::int
       + (select count(*) from pending)::int as count`,
  );
  return rows[0]?.count ?? 0;
}

export function isUnfinished({ status }: StoredRun): boolean {
  return isActive(status);
}
