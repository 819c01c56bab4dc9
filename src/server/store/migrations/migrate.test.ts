import { type Kysely, sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../../test/support/database.ts";
import { createLogger } from "../../log.ts";
import { openDatabase } from "../database.ts";
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
