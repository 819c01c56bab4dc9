import { type Kysely, sql } from "kysely";

/** What model calls cost, what the model is shown of a conversation, messages with files and models of their own, rules. */
export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}

const statements = [
  // One row a model call, told by its `usage` event: seq is that event's, so that a flush may be repeated. It outlives
  // task and run: what was spent stays spent. Costs are billionths of a US dollar, null where no price is known.
  `create table usage (
    run_id uuid not null,
    seq int not null,
    user_id uuid not null references users on delete cascade,
    task_id uuid not null,
    at timestamptz not null default now(),
    purpose text not null,
    profile text not null,
    model text not null,
    tokens_in int not null,
    tokens_out int not null,
    cached int not null,
    cache_writes int not null,
    reasoning int not null,
    cost_nano bigint,
    primary key (run_id, seq)
  )`,
  `create index usage_of_user on usage (user_id, at)`,

  // Null: a part of it has no known price.
  `alter table runs
    add column model_profile text,
    add column cached bigint not null default 0,
    add column reasoning bigint not null default 0,
    add column cost_nano bigint default 0`,
  `alter table tasks
    add column cost_nano bigint default 0,
    add column approvals json not null default '[]'`,
  `alter table users add column approvals json not null default '[]'`,

  // Servers of tools of a user's own (name to configuration, secrets and all), and what servers were found to be.
  `alter table users add column mcp_servers json not null default '{}'`,
  `create table mcp_status (
    user_id uuid not null references users on delete cascade,
    name text not null,
    status json not null,
    primary key (user_id, name)
  )`,

  // Whether memory is read and written; its files are on the disk.
  `alter table users add column memory boolean not null default true`,

  // What was run before prices were known.
  `update runs set cost_nano = null where tokens_in > 0`,
  `update tasks set cost_nano = null where tokens_prompt > 0`,

  // What zcbot keeps of a message beside what the provider is sent.
  `alter table messages add column notes json`,
  `alter table pending add column notes json, add column model_profile text`,

  // How the model is shown a task's conversation: what is left out, and what stands for it. The messages stay whole.
  `create table contexts (
    task_id uuid primary key references tasks on delete cascade,
    record json not null,
    summarized_before int not null generated always as (coalesce((record ->> 'summarizedBefore')::int, 0)) stored
  )`,
];
