import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../test/support/database.ts";
import { insertTaskRow } from "../../../../test/support/task-row.ts";
import { promotePending } from "./pending.ts";
import { postMessage } from "./post-message.ts";

let storage: TestDatabase;
beforeAll(async () => {
  storage = await createTestDatabase();
});
afterAll(() => storage.drop());

test("a message that would steer between two runs becomes the run that it is promised", async () => {
  const { database } = storage;
  const ids = await insertTaskRow(database);
  const post = (content: string, mode: "queue" | "steer") =>
    postMessage(database, {
      ...ids,
      runId: randomUUID(),
      content,
      notes: null,
      profile: null,
      mode,
      idempotencyKey: undefined,
    });
  const end = () => database.pool.query("update runs set status = 'ok' where task_id = $1", [ids.taskId]);
  const promote = async () => (await promotePending(database, ids.taskId, { patient: true }))?.runId;

  await post("一", "queue");
  const second = await post("二", "queue");
  await end();
  // The first run is over, and the second is not made yet.
  const steering = await post("三", "steer");
  expect(steering).toMatchObject({ runId: steering.pendingId, interrupts: undefined });
  expect(await promote()).toBe(second.runId);
  await end();
  expect(await promote()).toBe(steering.runId);
});
