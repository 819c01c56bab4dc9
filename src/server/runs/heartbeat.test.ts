import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { insertTaskRow, newRun } from "../../../test/support/task-row.ts";
import { LeaseLostError } from "../events/event-log.ts";
import { createLogger } from "../log.ts";
import { insertRun } from "../store/runs/runs.ts";
import { Heartbeat } from "./heartbeat.ts";
import { identify } from "./membership.ts";

let storage: TestDatabase;
let userId: string;
let taskId: string;
const serverId = randomUUID();
const never = new AbortController().signal;

beforeAll(async () => {
  storage = await createTestDatabase();
  ({ userId, taskId } = await insertTaskRow(storage.database));
});
afterAll(() => storage.drop());

test("a lease that others had ended meanwhile is asked about, though it has been renewed since", async () => {
  const { database } = storage;
  const heartbeat = new Heartbeat({
    identity: identify(serverId, "all"),
    database,
    logger: createLogger("silent"),
    onRenewed() {},
    onPeers() {},
    lookAfter: async () => {},
  });
  await heartbeat.beat();
  const run = await insertRun(database, newRun(userId, taskId), { serverId, userLimit: 9 });
  const { lapses } = heartbeat;
  expect(await heartbeat.confirm(run, lapses, never)).toBe(lapses);

  await database.pool.query("delete from servers where server_id = $1", [serverId]);
  await heartbeat.beat();
  const confirmed = await heartbeat.confirm(run, lapses, never);
  expect(confirmed).not.toBe(lapses);
  await database.pool.query("update runs set lease_generation = lease_generation + 1");
  expect(await heartbeat.confirm(run, confirmed, never)).toBe(confirmed);
  await expect(heartbeat.confirm(run, lapses, never)).rejects.toThrow(LeaseLostError);
});
