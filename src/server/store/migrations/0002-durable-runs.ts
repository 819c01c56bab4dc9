import { type Kysely, sql } from "kysely";

/** Runs that go on after a crash, wait for answers and for their turn; messages that wait behind a run. */
export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}

const active = "('queued', 'running', 'waiting', 'cancelling')";

const statements = [
  // ordinal numbers a task's runs in the order they began; message_idx is the message that the run is for; attempt
  // counts the servers a run has had, less those that handed it over; resume_reason says why its last server let go
  // of it.
  `alter table runs
    add column ordinal int,
    add column message_idx int,
    add column attempt int not null default 1,
    add column resume_reason text,
    add column queue_position int,
    drop constraint runs_status_check,
    add constraint runs_status_check
      check (status in ('queued', 'running', 'waiting', 'cancelling', 'ok', 'cancelled', 'error'))`,
  `update runs set ordinal = numbered.ordinal from (
    select run_id, row_number() over (partition by task_id order by run_id) as ordinal from runs) numbered
    where numbered.run_id = runs.run_id`,
  `update runs set message_idx = first.idx from (
    select task_id, run_id, min(idx) as idx from messages where payload ->> 'role' = 'user' group by task_id, run_id) first
    where first.task_id = runs.task_id and first.run_id = runs.run_id`,
  `alter table runs alter column ordinal set not null`,
  `drop index runs_one_active`,
  `create unique index runs_one_active on runs (task_id) where status in ${active}`,
  `drop index runs_newest`,
  `create unique index runs_newest on runs (task_id, ordinal desc)`,
  `drop index runs_leased`,
  `create index runs_waiting on runs (user_id, run_id) where status = 'waiting'`,
  `create index runs_at_work on runs (user_id, lease_owner) where status in ('running', 'cancelling')`,

  // When a user had a run taken from the queue last: who waited longer comes first.
  `create sequence turns`,
  `alter table users add column last_turn bigint not null default 0`,

  // Both counters are read and moved under the task's row lock, which also decides between a run's end and a
  // message that wants to wait behind it.
  `alter table tasks add column n_runs int not null default 0, add column n_pending int not null default 0`,
  `update tasks set n_runs = counted.n from (select task_id, count(*) as n from runs group by task_id) counted
    where counted.task_id = tasks.task_id`,
  `create index tasks_pending on tasks (task_id) where n_pending > 0`,

  // A message that waits; its id is that of the run it will become. taken: the run at work has read it, and the
  // flush that stores it will remove it.
  `create table pending (
    pending_id uuid primary key,
    task_id uuid not null references tasks on delete cascade,
    user_id uuid not null,
    ordinal bigint generated always as identity,
    mode text not null check (mode in ('queue', 'steer', 'interrupt')),
    content text not null,
    taken boolean not null default false,
    created_at timestamptz not null default now()
  )`,
  `create index pending_of_task on pending (task_id, ordinal)`,

  // What a run asks a person. used: the run has gone on with the answer.
  `create table requests (
    request_id uuid primary key,
    run_id uuid not null references runs on delete cascade,
    request json not null,
    deadline timestamptz,
    answer json,
    used boolean not null default false
  )`,
  `create index requests_of_run on requests (run_id)`,
  `create index requests_due on requests (deadline) where answer is null and deadline is not null`,

  `create table idempotency_keys (
    user_id uuid not null,
    key text not null,
    task_id uuid not null references tasks on delete cascade,
    request text not null,
    response json not null,
    created_at timestamptz not null default now(),
    primary key (user_id, key)
  )`,
  `create index idempotency_keys_of_task on idempotency_keys (task_id)`,

  // For streams that were away when a task went.
  `create table deleted_tasks (
    task_id uuid primary key,
    user_id uuid not null,
    deleted_at timestamptz not null default now()
  )`,
  `create index deleted_tasks_of_user on deleted_tasks (user_id, deleted_at)`,
  `create function remember_deleted_task() returns trigger language plpgsql as $$
  begin
    insert into deleted_tasks (task_id, user_id) values (old.task_id, old.user_id) on conflict do nothing;
    return null;
  end $$`,
  `create trigger tasks_deleted after delete on tasks
    for each row execute function remember_deleted_task()`,

  // beat counts a server's signs of life: others watch it by clocks of their own. realm, pid and started tell
  // neighbours on the same machine whether its process still runs.
  `alter table servers
    add column beat bigint not null default 0,
    add column role text not null default 'all',
    add column realm text,
    add column pid int,
    add column process_start text`,
];
