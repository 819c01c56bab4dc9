import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../test/support/database.ts";
import { insertTaskRow, newRun } from "../../../../test/support/task-row.ts";
import { claimRuns } from "./queue.ts";
import { insertRun } from "./runs.ts";

let storage: TestDatabase;
let userId: string;
let taskId: string;

beforeAll(async () => {
  storage = await createTestDatabase();
  ({ userId, taskId } = await insertTaskRow(storage.database));
});
afterAll(() => storage.drop());

test("two messages at once and a claim between them do not lock each other out", async () => {
  const { database } = storage;
  const claims: Promise<unknown>[] = [];
  await database.transaction(async (client) => {
    await client.query("select 1 from tasks where task_id = $1 for no key update", [taskId]);
    claims.push(insertRun(database, newRun(userId, taskId, "第二条"), null).catch((error) => error.code));
    const isWaiting =
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%n_runs%'";
    await expect.poll(async () => (await database.pool.query(isWaiting)).rowCount).toBe(1);
    await database.pool.query(
      "insert into runs (run_id, task_id, user_id, ordinal, status) values ($1, $2, $3, 1, 'queued')",
      [randomUUID(), taskId, userId],
    );
    claims.push(claimRuns(database, randomUUID(), 8, 8).then((runs) => runs.length));
    // It does not wait for whoever has the task's row.
    expect(await claims[1]).toBe(1);
  });
  expect(await claims[0]).toBe("run_active");
});
