import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { createLogger } from "../log.ts";
import { insertRun } from "../store/runs/runs.ts";
import { EventFeed } from "./event-feed.ts";
import { EventLog } from "./event-log.ts";
import { identify } from "./membership.ts";
import { TaskChanges } from "./task-changes.ts";
import { type Afterwards, type RunControl, Worker } from "./worker.ts";

let storage: TestDatabase;
const [userId, taskId, runId] = [randomUUID(), randomUUID(), randomUUID()];

beforeAll(async () => {
  storage = await createTestDatabase();
  const { pool } = storage.database;
  await pool.query("insert into users (user_id) values ($1)", [userId]);
  await pool.query("insert into tasks (task_id, user_id, name, directory) values ($1, $2, '任务', '任务')", [
    taskId,
    userId,
  ]);
});
afterAll(() => storage.drop());

test("a run that comes back to the server that had lost it waits for what still works on it, and is not forgotten with it", async () => {
  const { database } = storage;
  const logger = createLogger("silent");
  const attempts: { control: RunControl; end: (after: Afterwards) => void }[] = [];
  const feed = new EventFeed(database);
  const worker = new Worker({
    identity: { ...identify(randomUUID(), "all"), realm: randomUUID() },
    database,
    feed,
    logger,
    eventLog: new EventLog(database, feed, logger),
    changes: new TaskChanges(database, logger),
    maxRuns: 10,
    maxUserRuns: 10,
    drainMs: 0,
    onRenewed: () => {},
    readAhead: async () => undefined,
    execute: (_run, control) => new Promise((resolve) => attempts.push({ control, end: resolve })),
  });
  await worker.start();
  await insertRun(database, userId, taskId, runId, "你好", null);
  worker.nudge();
  await expect.poll(() => attempts.length).toBe(1);
  await database.pool.query(
    "update runs set lease_owner = null, lease_generation = lease_generation + 1 where run_id = $1",
    [runId],
  );
  worker.nudge();
  await expect.poll(() => attempts[0]?.control.stop.aborted).toBe(true);
  expect(attempts).toHaveLength(1);
  attempts[0]?.end({ pending: false, claimable: false });
  await expect.poll(() => attempts.length).toBe(2);
  expect([worker.isAtWork(runId), worker.cancel(runId)]).toEqual([true, true]);
  expect(attempts[1]?.control.stop.reason).toMatchObject({ why: "cancelled" });
  attempts[1]?.end({ pending: false, claimable: false });
  await worker.stop();
});
