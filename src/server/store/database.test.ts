import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { createLogger } from "../log.ts";
import { openDatabase } from "./database.ts";
import { isDatabaseAway } from "./database-away.ts";

let clone: TestDatabase;
beforeAll(async () => {
  clone = await createTestDatabase();
});
afterAll(() => clone.drop());

test("a clone has the tables, and is empty", async () => {
  await expect(clone.database.query.selectFrom("tasks").selectAll().execute()).resolves.toEqual([]);
});

test("a bigint comes as a number, and a time as a Date", async () => {
  const { rows } = await clone.database.pool.query(
    "select 9007199254740991::int8 as 大, count(*) as 数, timestamptz '2026-11-22T09:30:00.123Z' as 时 from tasks",
  );
  expect(rows).toEqual([{ 大: 9007199254740991, 数: 0, 时: new Date("2026-11-22T09:30:00.123Z") }]);
});

test("a pool outlives the loss of its connections", async () => {
  const { pool, createClient } = clone.database;
  await pool.query("select 1");
  const other = createClient("断线测试");
  await other.connect();
  await other.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  );
  await expect
    .poll(async () => (await pool.query("select '还在' as 答").catch(() => undefined))?.rows)
    .toEqual([{ 答: "还在" }]);
  await other.end();
});

test("a transaction whose connection is lost between two statements fails, and nothing else does", async () => {
  const { pool, transaction } = clone.database;
  const failed = transaction(async (client) => {
    const { rows } = await client.query("select pg_backend_pid() as pid");
    const lost = new Promise((resolve) => client.once("end", resolve));
    await pool.query("select pg_terminate_backend($1)", [rows[0].pid]);
    await lost;
    await client.query("select 1");
  });
  await expect(failed).rejects.toSatisfy(isDatabaseAway);
  expect((await pool.query("select '还在' as 答")).rows).toEqual([{ 答: "还在" }]);
});

test("a URL with a unix socket reaches the same database", async () => {
  const database = openDatabase(
    { url: clone.url },
    { poolSize: 1, applicationName: "reached by url", logger: createLogger("error") },
  );
  const { rows } = await database.pool.query(
    "select current_database() as name, current_setting('application_name') as application",
  );
  const mine = await clone.database.pool.query("select current_database() as name");
  expect(rows).toEqual([{ name: mine.rows[0].name, application: "reached by url" }]);
  await database.close();
});
