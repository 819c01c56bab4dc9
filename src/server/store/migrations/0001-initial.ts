import { type Kysely, sql } from "kysely";

/** Users, tasks, runs, messages and the event log. */
export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}

const statements = [
  // n_tasks is kept by trigger, so that a list of tasks need not count them.
  `create table users (
    user_id uuid primary key,
    n_tasks bigint not null default 0,
    created_at timestamptz not null default now()
  )`,

  `create table tasks (
    task_id uuid primary key,
    user_id uuid not null references users on delete cascade,
    name text not null,
    description text not null default '',
    directory text not null,
    status text not null default 'active' check (status in ('active', 'completed', 'abandoned')),
    skill text not null default '',
    model_profile text not null default '',
    model text not null default '',
    tokens_prompt bigint not null default 0,
    tokens_completion bigint not null default 0,
    n_messages int not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  ) with (fillfactor = 80)`,
  `create index tasks_newest on tasks (user_id, created_at desc, task_id desc)`,
  `create index tasks_directory on tasks (user_id, directory)`,
  `create function count_tasks() returns trigger language plpgsql as $$
  begin
    if tg_op = 'INSERT' then
      update users set n_tasks = n_tasks + inserted.n
      from (select user_id, count(*) as n from changed group by user_id) inserted
      where users.user_id = inserted.user_id;
    else
      update users set n_tasks = n_tasks - deleted.n
      from (select user_id, count(*) as n from changed group by user_id) deleted
      where users.user_id = deleted.user_id;
    end if;
    return null;
  end $$`,
  `create trigger tasks_counted_in after insert on tasks
    referencing new table as changed for each statement execute function count_tasks()`,
  `create trigger tasks_counted_out after delete on tasks
    referencing old table as changed for each statement execute function count_tasks()`,

  // lease_owner is the server that executes the run; every write of the run carries lease_generation.
  `create table runs (
    run_id uuid primary key,
    task_id uuid not null references tasks on delete cascade,
    user_id uuid not null,
    status text not null check (status in ('queued', 'running', 'cancelling', 'ok', 'cancelled', 'error')),
    lease_owner uuid,
    lease_generation int not null default 0,
    tokens_in bigint not null default 0,
    tokens_out bigint not null default 0,
    error_code text,
    error_message text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz
  ) with (fillfactor = 80)`,
  `create unique index runs_one_active on runs (task_id) where status in ('queued', 'running', 'cancelling')`,
  `create index runs_newest on runs (task_id, run_id desc)`,
  `create index runs_queued on runs (user_id, run_id) where status = 'queued'`,
  `create index runs_leased on runs (lease_owner) where status in ('running', 'cancelling')`,

  // json, not jsonb: a conversation is sent to the model byte for byte as it was stored.
  `create table messages (
    task_id uuid not null references tasks on delete cascade,
    idx int not null,
    run_id uuid not null,
    payload json not null,
    provider_data json,
    tokens_in int not null default 0,
    tokens_out int not null default 0,
    created_at timestamptz not null default now(),
    primary key (task_id, idx)
  )`,

  // data is the JSON text of the SSE frame. No foreign key: its check would cost every event a
  // look-up, the writing statement already holds the run's row, and the trigger removes the rows.
  `create table events (
    run_id uuid not null,
    seq int not null,
    type text not null,
    data text not null,
    primary key (run_id, seq)
  )`,
  `create function delete_events() returns trigger language plpgsql as $$
  begin
    delete from events where run_id = old.run_id;
    return null;
  end $$`,
  `create trigger runs_deleted after delete on runs for each row execute function delete_events()`,

  // A server lives while it renews expires_at; the runs of one that does not may be taken over.
  `create table servers (
    server_id uuid primary key,
    started_at timestamptz not null default now(),
    expires_at timestamptz not null
  )`,
];
