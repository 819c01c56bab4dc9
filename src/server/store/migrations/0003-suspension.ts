import { type Kysely, sql } from "kysely";

/** Users that are shut out, and tokens that end before their time. */
export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}

const statements = [
  // token_generation stands in every token; a suspension moves it, which ends those from before without comparing
  // anybody's clocks.
  `alter table users
    add column suspended_at timestamptz,
    add column token_generation int not null default 0`,
  `create index users_suspended on users (user_id) where suspended_at is not null`,
];
