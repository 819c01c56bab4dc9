import { randomUUID } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../../test/support/database.ts";
import { insertTaskRow } from "../../../../test/support/task-row.ts";
import { createLogger } from "../../log.ts";
import { openDatabase } from "../database.ts";
import { listMessages } from "../messages.ts";
import { listPending } from "../runs/pending.ts";
import { readRun } from "../runs/runs.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations.ts";

const logger = createLogger("error");

async function openEmpty() {
  const clone = await createTestDatabase({ empty: true });
  onTestFinished(clone.drop);
  return clone;
}

test("five servers that start at once on an empty database migrate it once", async () => {
  const { address } = await openEmpty();
  const servers = Array.from({ length: 5 }, () =>
    openDatabase(address, { poolSize: 2, applicationName: "服务器", logger }),
  );
  const applied = await Promise.all(servers.map((server) => migrate(server)));
  expect(applied.filter((names) => names.length > 0)).toEqual([Object.keys(migrations)]);
  await Promise.all(servers.map((server) => server.close()));
});

test("a second start changes nothing, and a new migration is applied on top", async () => {
  const { database } = await openEmpty();
  await migrate(database);
  expect(await migrate(database)).toEqual([]);
  const up = async (query: Kysely<unknown>) => {
    await sql`create table 笔记 (标题 text)`.execute(query);
  };
  expect(await migrate(database, { ...migrations, "9000-笔记": { up } })).toEqual(["9000-笔记"]);
  await expect(sql`select 标题 from 笔记`.execute(database.query)).resolves.toMatchObject({ rows: [] });
});

test("what an older zcbot has stored is there after an update, its costs unknown", async () => {
  const { database } = await openEmpty();
  const { pool } = database;
  const before = Object.entries(migrations).filter(([name]) => name < "0004");
  await migrate(database, Object.fromEntries(before));
  const { userId, taskId } = await insertTaskRow(database);
  const { taskId: fresh } = await insertTaskRow(database, userId);
  const [run, next, waiting] = [randomUUID(), randomUUID(), randomUUID()];
  await pool.query(
    "update tasks set tokens_prompt = 70, n_messages = 1, n_runs = 1, n_pending = 1 where task_id = $1",
    [taskId],
  );
  await pool.query(
    `insert into runs (run_id, task_id, user_id, ordinal, message_idx, status, tokens_in) values
      ($1, $3, $4, 1, 0, 'waiting', 70), ($2, $5, $4, 1, 0, 'queued', 0)`,
    [run, next, taskId, userId, fresh],
  );
  await pool.query("insert into messages (task_id, idx, run_id, payload) values ($1, 0, $2, $3)", [
    taskId,
    run,
    JSON.stringify({ role: "user", content: "旧的话" }),
  ]);
  await pool.query(
    "insert into pending (pending_id, task_id, user_id, mode, content) values ($1, $2, $3, 'queue', '等着')",
    [waiting, taskId, userId],
  );
  expect(await migrate(database)).toEqual(Object.keys(migrations).filter((name) => name >= "0004"));
  expect(await readRun(database, userId, taskId, run)).toMatchObject({ status: "waiting", cost: null });
  expect(await readRun(database, userId, fresh, next)).toMatchObject({ status: "queued", cost: 0 });
  expect(JSON.parse(await listMessages(database, userId, taskId))).toMatchObject({
    messages: [{ payload: { content: "旧的话" }, attachments: [] }],
  });
  expect(await listPending(database, userId, taskId)).toMatchObject({
    pending: [{ content: "等着", attachments: [], model_profile: null }],
  });
  const { rows } = await pool.query("select cost_nano from tasks order by tokens_prompt");
  expect(rows).toEqual([{ cost_nano: 0 }, { cost_nano: null }]);
});

test("a migration that fails halfway leaves nothing behind", async () => {
  const { database } = await openEmpty();
  const up = async (query: Kysely<unknown>) => {
    await sql`create table 半成品 (名 text)`.execute(query);
    await sql`select 1 / 0`.execute(query);
  };
  await expect(migrate(database, { ...migrations, "9000-失败": { up } })).rejects.toThrow("division by zero");
  const { rows } = await database.pool.query(
    "select to_regclass('半成品') as 半成品, to_regclass('tasks') as tasks",
  );
  expect(rows).toEqual([{ 半成品: null, tasks: null }]);
  expect(await migrate(database)).toEqual(Object.keys(migrations));
});

test("a database of a newer zcbot is refused with the remedy", async () => {
  const { database } = await openEmpty();
  await migrate(database, { ...migrations, "9000-未来": { up: async () => {} } });
  await expect(migrate(database)).rejects.toThrow(/newer zcbot \(it has the migration 9000-未来\)/);
});
