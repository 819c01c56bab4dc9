import type { ChatMessage } from "../../protocol/message.ts";
import type { Database } from "./database.ts";

export interface LoggedEvent {
  seq: number;
  type: string;
  /** One line of JSON without the type: what the SSE frame carries. */
  data: string;
}

export interface LoggedMessage {
  idx: number;
  payload: ChatMessage;
  providerData: Record<string, unknown> | undefined;
  tokensIn: number;
  tokensOut: number;
}

/** How a run ended. */
export interface RunEnd {
  status: "ok" | "cancelled" | "error";
  errorCode: string | null;
  errorMessage: string | null;
}

/** What one run adds to the truth in one flush. Totals are absolute, so that repeating it changes nothing. */
export interface RunAppend {
  runId: string;
  generation: number;
  events: LoggedEvent[];
  messages: LoggedMessage[];
  tokensIn: number;
  tokensOut: number;
  nextIdx: number;
  end: RunEnd | null;
}

/**
 * Commits what many runs have to say in one statement, and returns the runs whose lease still held:
 * of the others nothing was written. May be repeated after a lost connection. With `notify`, other
 * servers are told which runs have grown.
 */
export async function appendToRuns(
  database: Database,
  appends: RunAppend[],
  notify: boolean,
): Promise<Set<string>> {
  const changed = appends.some((append) => append.messages.length > 0 || append.end !== null);
  const values = [...runColumns(appends), ...eventColumns(appends)];
  if (changed) values.push(...stateColumns(appends), ...messageColumns(appends));
  const { rows } = await database.pool.query<{ run_id: string }>({
    name: `append${changed ? "-state" : ""}${notify ? "-notify" : ""}`,
    text: appendStatement(changed, notify),
    values,
  });
  return new Set(rows.map((row) => row.run_id));
}

/** `for share` holds the fencing token still until the commit without making a new version of the row. */
function appendStatement(changed: boolean, notify: boolean): string {
  return `with owned as (
      select n, runs.run_id, task_id, tokens_in, tokens_out
      from unnest($1::uuid[], $2::int[]) with ordinality as input (run_id, generation, n)
      join runs on runs.run_id = input.run_id and runs.lease_generation = input.generation
      order by runs.run_id for share of runs
    ), added_events as (
      insert into events (run_id, seq, type, data)
      select run_id, seq, type, data
      from unnest($3::int[], $4::int[], $5::text[], $6::text[]) as event (n, seq, type, data)
      join owned using (n)
      on conflict do nothing
    )${changed ? changedState : ""}
    select run_id${notify ? ", pg_notify('zcbot', 'run:' || run_id)" : ""} from owned`;
}

const changedState = `, state as (
      select owned.*, status, error_code, error_message, new_in, new_out, next_idx, has_messages
      from unnest($7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::int[], $13::bool[])
        with ordinality
        as state (status, error_code, error_message, new_in, new_out, next_idx, has_messages, n)
      join owned using (n)
      where status is not null or has_messages
    ), added_messages as (
      insert into messages (task_id, idx, run_id, payload, provider_data, tokens_in, tokens_out)
      select task_id, idx, run_id, payload, provider_data, message.tokens_in, message.tokens_out
      from unnest($14::int[], $15::int[], $16::json[], $17::json[], $18::int[], $19::int[])
        as message (n, idx, payload, provider_data, tokens_in, tokens_out)
      join owned using (n)
      on conflict do nothing
    ), changed_runs as (
      update runs set status = coalesce(state.status, runs.status),
        tokens_in = new_in, tokens_out = new_out,
        error_code = state.error_code, error_message = state.error_message,
        finished_at = case when state.status is not null then now() end,
        lease_owner = case when state.status is null then lease_owner end
      from state where runs.run_id = state.run_id
    ), changed_tasks as (
      update tasks set n_messages = greatest(n_messages, next_idx), updated_at = now(),
        tokens_prompt = tokens_prompt + new_in - state.tokens_in,
        tokens_completion = tokens_completion + new_out - state.tokens_out
      from state where tasks.task_id = state.task_id
    )`;

function runColumns(appends: RunAppend[]): unknown[][] {
  return [appends.map((append) => append.runId), appends.map((append) => append.generation)];
}

function eventColumns(appends: RunAppend[]): unknown[][] {
  const columns: [number[], number[], string[], string[]] = [[], [], [], []];
  appends.forEach((append, position) => {
    for (const event of append.events) {
      columns[0].push(position + 1);
      columns[1].push(event.seq);
      columns[2].push(event.type);
      columns[3].push(event.data);
    }
  });
  return columns;
}

function stateColumns(appends: RunAppend[]): unknown[][] {
  return [
    appends.map((append) => append.end?.status ?? null),
    appends.map((append) => append.end?.errorCode ?? null),
    appends.map((append) => append.end?.errorMessage ?? null),
    appends.map((append) => append.tokensIn),
    appends.map((append) => append.tokensOut),
    appends.map((append) => append.nextIdx),
    appends.map((append) => append.messages.length > 0),
  ];
}

function messageColumns(appends: RunAppend[]): unknown[][] {
  const columns: [number[], number[], string[], (string | null)[], number[], number[]] = [
    [],
    [],
    [],
    [],
    [],
    [],
  ];
  appends.forEach((append, position) => {
    for (const message of append.messages) {
      columns[0].push(position + 1);
      columns[1].push(message.idx);
      columns[2].push(JSON.stringify(message.payload));
      columns[3].push(message.providerData ? JSON.stringify(message.providerData) : null);
      columns[4].push(message.tokensIn);
      columns[5].push(message.tokensOut);
    }
  });
  return columns;
}
