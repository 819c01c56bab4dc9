import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { insertTaskRow, newRun } from "../../../test/support/task-row.ts";
import { EventFeed } from "../events/event-feed.ts";
import { EventLog } from "../events/event-log.ts";
import { TaskChanges } from "../events/task-changes.ts";
import { createLogger } from "../log.ts";
import type { Database } from "../store/database.ts";
import { insertRun } from "../store/runs/runs.ts";
import { identify } from "./membership.ts";
import { type Afterwards, type RunControl, Worker } from "./worker.ts";

let storage: TestDatabase;
const logger = createLogger("silent");

interface Attempt {
  runId: string;
  control: RunControl;
  end: (after: Afterwards) => void;
}

beforeAll(async () => {
  storage = await createTestDatabase();
});
afterAll(() => storage.drop());

/** A worker whose runs do nothing until they are told how they end. */
async function startWorker(database: Database): Promise<{ worker: Worker; attempts: Attempt[] }> {
  const attempts: Attempt[] = [];
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
    execute: ({ runId }, control) => new Promise((end) => attempts.push({ runId, control, end })),
  });
  await worker.start();
  return { worker, attempts };
}

async function queueRun(): Promise<string> {
  const runId = randomUUID();
  const { userId, taskId } = await insertTaskRow(storage.database);
  await insertRun(storage.database, { ...newRun(userId, taskId), runId }, null);
  return runId;
}

const over: Afterwards = { pending: false, claimable: false };

test("a run that comes back to the server that had lost it waits for what still works on it, and is not forgotten with it", async () => {
  const { database } = storage;
  const { worker, attempts } = await startWorker(database);
  const runId = await queueRun();
  worker.nudge();
  await expect.poll(() => attempts.length).toBe(1);
  await database.pool.query(
    "update runs set lease_owner = null, lease_generation = lease_generation + 1 where run_id = $1",
    [runId],
  );
  worker.nudge();
  await expect.poll(() => attempts[0]?.control.stop.aborted).toBe(true);
  expect(attempts).toHaveLength(1);
  attempts[0]?.end(over);
  await expect.poll(() => attempts.length).toBe(2);
  expect([worker.isAtWork(runId), worker.cancel(runId)]).toEqual([true, true]);
  expect(attempts[1]?.control.stop.reason).toMatchObject({ why: "cancelled" });
  attempts[1]?.end(over);
  await worker.stop();
  await database.pool.query("update runs set status = 'ok'");
});

test("a cancel that comes while the run is on its way from the queue reaches it", async () => {
  const { pool } = storage.database;
  const claimed = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const query = async (statement: { name?: string; text: string; values?: unknown[] }) => {
    const result = await pool.query(statement);
    if (statement.name === "claim-runs" && result.rows.length > 0) {
      claimed.resolve();
      await gate.promise;
    }
    return result;
  };
  const slow = { ...storage.database, pool: { query } } as unknown as Database;
  const { worker, attempts } = await startWorker(slow);
  const [cancelled, other] = [await queueRun(), await queueRun()];
  worker.nudge();
  await claimed.promise;
  expect(worker.cancel(cancelled)).toBe(false);
  gate.resolve();
  await expect.poll(() => attempts.length).toBe(2);
  const stopped = (runId: string) => attempts.find((one) => one.runId === runId)?.control.stop.aborted;
  expect([stopped(cancelled), stopped(other)]).toEqual([true, false]);
  for (const { end } of attempts) end(over);
  await worker.stop();
});
