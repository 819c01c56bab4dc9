import type { EventType } from "../../../protocol/event.ts";
import type { ChatMessage, MessageNotes } from "../../../protocol/message.ts";
import { cleanText } from "../../../protocol/text.ts";
import type { Database } from "../database.ts";

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
  notes: MessageNotes | undefined;
  tokensIn: number;
  tokensOut: number;
}

/** Why a run is to go on: its server was lost or stopped, or a person answered. */
export type ResumeReason = "server_lost" | "server_stopped" | "answered";

/** How a server lets go of a run: ended, waiting for an answer, or handed over to whoever takes it. */
export type RunEnd =
  | { status: "ok" | "cancelled" }
  | { status: "error"; errorCode: string; errorMessage: string }
  | { status: "waiting" }
  | { status: "running"; resumeReason: ResumeReason };

/** What model calls took, in all. */
export interface Spending {
  tokensIn: number;
  tokensOut: number;
  cached: number;
  reasoning: number;
  /** Billionths of a US dollar; null where a part has no known price. */
  costNano: number | null;
}

/** One model call, told by the event with this number. */
export interface LoggedUsage extends Spending {
  seq: number;
  purpose: string;
  profile: string;
  model: string;
  cacheWrites: number;
}

/** What one run adds to the truth in one flush. Totals are absolute, so that repeating it changes nothing. */
export interface RunAppend {
  runId: string;
  generation: number;
  events: LoggedEvent[];
  messages: LoggedMessage[];
  usage: LoggedUsage[];
  spent: Spending;
  nextIdx: number;
  /** How the model is shown the task's conversation from now on; null: as before. */
  context: unknown;
  end: RunEnd | null;
}

/**
 * A database that takes longer for what usually takes a millisecond or two has gone, milliseconds; at a repetition
 * it may also be that the flush is large.
 */
const appendTimeouts = [4_000, 8_000, 16_000, 30_000];

/**
 * Commits what many runs have to say in one statement, and returns the runs whose lease still held, each with the
 * number of messages that wait behind it: of the others nothing was written. May be repeated after a lost
 * connection. With `notify`, other servers are told which runs have grown.
 */
export async function appendToRuns(
  database: Database,
  appends: RunAppend[],
  notify: boolean,
  attempt = 0,
): Promise<Map<string, number>> {
  const exchanges = appends.some((append) => append.events.some(({ type }) => exchangeTypes.has(type)));
  const recasts = appends.some((append) => append.context !== null);
  const changed =
    exchanges ||
    recasts ||
    appends.some(({ messages, usage, end }) => messages.length > 0 || usage.length > 0 || end !== null);
  const values = [...runColumns(appends), ...eventColumns(appends)];
  if (changed) values.push(...stateColumns(appends), ...messageColumns(appends), ...usageColumns(appends));
  if (recasts) {
    values.push(
      appends.map(({ context }) => (context === null ? null : JSON.stringify(context, cleanValue))),
    );
  }
  const { rows } = await database.pool.query<{ run_id: string; pending: number }>({
    name: `append${changed ? "-state" : ""}${exchanges ? "-exchange" : ""}${recasts ? "-context" : ""}${notify ? "-notify" : ""}`,
    text: appendStatement({ changed, exchanges, recasts, notify }),
    values,
    query_timeout: appendTimeouts[Math.min(attempt, appendTimeouts.length - 1)] ?? 0,
  });
  return new Map(rows.map((row) => [row.run_id, row.pending]));
}

/** Events that move a row of `requests` or `pending` in the same breath. */
const exchangeTypes: ReadonlySet<string> = new Set<EventType>(["request", "answered", "steered"]);

/** Of a flush that is repeated after the run's end nothing is changed any more: then as it stands. */
const pendingBehind = `case when held then coalesce(n_pending, 0)
  else (select n_pending from tasks where tasks.task_id = owned.task_id) end`;

/** `for share` holds the fencing token still until the commit without making a new version of the row. */
function appendStatement({
  changed,
  exchanges,
  recasts,
  notify,
}: Record<"changed" | "exchanges" | "recasts" | "notify", boolean>): string {
  return `with owned as (
      select n, runs.run_id, task_id, user_id, tokens_in, tokens_out, cost_nano, lease_owner is not null as held
      from unnest($1::uuid[], $2::int[]) with ordinality as input (run_id, generation, n)
      join runs on runs.run_id = input.run_id and runs.lease_generation = input.generation
      order by runs.run_id for share of runs
    ), added_events as (
      insert into events (run_id, seq, type, data)
      select run_id, seq, type, data
      from unnest($3::int[], $4::int[], $5::text[], $6::text[]) as event (n, seq, type, data)
      join owned using (n)
      on conflict do nothing
    )${exchanges ? movedExchanges : ""}${changed ? changedState(exchanges) : ""}${recasts ? changedContexts : ""}${notify ? told : ""}
    select run_id, ${changed ? pendingBehind : "0"} as pending
      ${notify ? ", (select count(word) from told)" : ""}
    from owned${changed ? " left join changed_tasks using (task_id)" : ""}`;
}

/** One word for many runs, as each costs every server a message; a word holds 8,000 bytes. */
const told = `, told as materialized (
      select pg_notify('zcbot', 'run:' || string_agg(run_id::text, ' '))::text as word from owned group by n / 200
    )`;

const eventData = `select owned.run_id, owned.task_id, type, data::json as data
  from unnest($3::int[], $5::text[], $6::text[]) as event (n, type, data) join owned using (n)`;

const movedExchanges = `, asked as (
      insert into requests (request_id, run_id, request, deadline)
      select (data ->> 'request_id')::uuid, run_id, data,
        now() + make_interval(secs => (data ->> 'wait_seconds')::float8)
      from (${eventData}) event where type = 'request'
      on conflict do nothing
    ), answered as (
      update requests set used = true from (${eventData}) event
      where type = 'answered' and request_id = (data ->> 'request_id')::uuid
    ), taken as (
      delete from pending using (${eventData}) event
      where type = 'steered' and pending_id = (data ->> 'pending_id')::uuid
      returning pending.task_id
    )`;

const changedState = (exchanges: boolean) => `, state as (
      select owned.*, status, error_code, error_message, resume_reason, new_in, new_out, new_cached, new_reasoning,
        new_cost, next_idx
      from unnest($7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[],
          $14::bigint[], $15::bigint[], $16::int[], $17::bool[]) with ordinality
        as state (status, error_code, error_message, resume_reason, new_in, new_out, new_cached, new_reasoning,
          new_cost, next_idx, has_changed, n)
      join owned using (n)
      where held and (status is not null or has_changed)
    ), added_messages as (
      insert into messages (task_id, idx, run_id, payload, provider_data, notes, tokens_in, tokens_out)
      select task_id, idx, run_id, payload, provider_data, notes, message.tokens_in, message.tokens_out
      from unnest($18::int[], $19::int[], $20::json[], $21::json[], $22::json[], $23::int[], $24::int[])
        as message (n, idx, payload, provider_data, notes, tokens_in, tokens_out)
      join owned using (n)
      on conflict do nothing
    ), added_usage as (
      insert into usage (run_id, seq, user_id, task_id, purpose, profile, model, tokens_in, tokens_out, cached,
        cache_writes, reasoning, cost_nano)
      select run_id, seq, user_id, task_id, purpose, profile, model, call.tokens_in, call.tokens_out, cached,
        cache_writes, reasoning, call.cost_nano
      from unnest($25::int[], $26::int[], $27::text[], $28::text[], $29::text[], $30::int[], $31::int[], $32::int[],
          $33::int[], $34::int[], $35::bigint[])
        as call (n, seq, purpose, profile, model, tokens_in, tokens_out, cached, cache_writes, reasoning, cost_nano)
      join owned using (n)
      on conflict do nothing
    ), changed_runs as (
      update runs set
        status = case when state.status is null then runs.status
          when runs.status = 'cancelling' and state.status in ('waiting', 'running') then runs.status
          else state.status end,
        tokens_in = new_in, tokens_out = new_out, cached = new_cached, reasoning = new_reasoning, cost_nano = new_cost,
        error_code = state.error_code, error_message = state.error_message, resume_reason = state.resume_reason,
        finished_at = case when state.status in ('ok', 'cancelled', 'error') then now() end,
        lease_owner = case when state.status is null then lease_owner end
      from state where runs.run_id = state.run_id
    ), changed_tasks as (
      update tasks set n_messages = greatest(n_messages, next_idx), updated_at = now(),
        tokens_prompt = tokens_prompt + new_in - state.tokens_in,
        tokens_completion = tokens_completion + new_out - state.tokens_out,
        cost_nano = tasks.cost_nano + new_cost - state.cost_nano
        ${exchanges ? ", n_pending = n_pending - (select count(*) from taken where taken.task_id = state.task_id)" : ""}
      from state where tasks.task_id = state.task_id returning tasks.task_id, n_pending
    )`;

const changedContexts = `, recast as (
      insert into contexts (task_id, record)
      select task_id, record from unnest($36::json[]) with ordinality as context (record, n)
      join owned using (n) where held and record is not null
      on conflict (task_id) do update set record = excluded.record
    )`;

function runColumns(appends: RunAppend[]): unknown[][] {
  return [appends.map((append) => append.runId), appends.map((append) => append.generation)];
}

function stateColumns(appends: RunAppend[]): unknown[][] {
  return [
    appends.map((append) => append.end?.status ?? null),
    appends.map(({ end }) => (end?.status === "error" ? end.errorCode : null)),
    appends.map(({ end }) => (end?.status === "error" ? end.errorMessage : null)),
    appends.map(({ end }) => (end?.status === "running" ? end.resumeReason : null)),
    appends.map(({ spent }) => spent.tokensIn),
    appends.map(({ spent }) => spent.tokensOut),
    appends.map(({ spent }) => spent.cached),
    appends.map(({ spent }) => spent.reasoning),
    appends.map(({ spent }) => spent.costNano),
    appends.map((append) => append.nextIdx),
    appends.map(({ messages, usage }) => messages.length > 0 || usage.length > 0),
  ];
}

/** The database looks into the record: one text that it cannot hold would be the end of everybody's flush. */
function cleanValue(_key: string, value: unknown): unknown {
  return typeof value === "string" ? cleanText(value) : value;
}

/** One array a column of what the runs have of something, the run's place among them first. */
function columnsOf<Row>(
  appends: RunAppend[],
  rowsOf: (append: RunAppend) => Row[],
  cells: ((row: Row) => unknown)[],
): unknown[][] {
  const columns: unknown[][] = [[], ...cells.map(() => [])];
  appends.forEach((append, position) => {
    for (const row of rowsOf(append)) {
      columns[0]?.push(position + 1);
      cells.forEach((cell, index) => {
        columns[index + 1]?.push(cell(row));
      });
    }
  });
  return columns;
}

function eventColumns(appends: RunAppend[]): unknown[][] {
  return columnsOf(appends, ({ events }) => events, [
    ({ seq }) => seq,
    ({ type }) => type,
    ({ data }) => data,
  ]);
}

const jsonOrNull = (value: unknown) => (value === undefined ? null : JSON.stringify(value));

function messageColumns(appends: RunAppend[]): unknown[][] {
  return columnsOf(appends, ({ messages }) => messages, [
    ({ idx }) => idx,
    ({ payload }) => JSON.stringify(payload),
    ({ providerData }) => jsonOrNull(providerData),
    ({ notes }) => jsonOrNull(notes),
    ({ tokensIn }) => tokensIn,
    ({ tokensOut }) => tokensOut,
  ]);
}

function usageColumns(appends: RunAppend[]): unknown[][] {
  return columnsOf(appends, ({ usage }) => usage, [
    ({ seq }) => seq,
    ({ purpose }) => purpose,
    ({ profile }) => profile,
    ({ model }) => model,
    ({ tokensIn }) => tokensIn,
    ({ tokensOut }) => tokensOut,
    ({ cached }) => cached,
    ({ cacheWrites }) => cacheWrites,
    ({ reasoning }) => reasoning,
    ({ costNano }) => costNano,
  ]);
}
