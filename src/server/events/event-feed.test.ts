import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { insertTaskRow } from "../../../test/support/task-row.ts";
import type { Database } from "../store/database.ts";
import type { LoggedEvent } from "../store/runs/append.ts";
import { EventFeed, type Watcher } from "./event-feed.ts";

let storage: TestDatabase;
let ids: { runId: string; taskId: string; userId: string };

beforeAll(async () => {
  storage = await createTestDatabase();
  ids = { runId: randomUUID(), ...(await insertTaskRow(storage.database)) };
  await query(
    "insert into runs (run_id, task_id, user_id, ordinal, status) values ($1, $2, $3, 1, 'running')",
    ids.runId,
    ids.taskId,
    ids.userId,
  );
});
afterAll(() => storage.drop());

const query = (text: string, ...values: string[]) => storage.database.pool.query(text, values);

function text(seq: number): LoggedEvent {
  return { seq, type: "text", data: `{"text":"第${seq}"}` };
}

/** Who notes the numbers of the frames it is given. */
function createWatcher(): { watcher: Watcher; seen: number[]; ended: boolean } {
  const noted = {
    seen: [] as number[],
    ended: false,
    watcher: {
      write: (frames: Buffer) =>
        void noted.seen.push(...[...frames.toString().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))),
      ready: async () => {},
      end() {
        noted.ended = true;
      },
    },
  };
  return noted;
}

test("a stream that is closed long after its end takes nothing from those who came since", async () => {
  const feed = new EventFeed(storage.database);
  const [earlier, later] = [createWatcher(), createWatcher()];
  const stopEarlier = feed.follow(ids.runId, 0, earlier.watcher);
  feed.drop(ids.runId);
  expect(earlier.ended).toBe(true);
  feed.follow(ids.runId, 0, later.watcher);
  stopEarlier();
  feed.openLocal(ids, 0);
  await expect
    .poll(() => {
      feed.publish(ids.runId, [text(later.seen.length + 1)]);
      return later.seen.length;
    })
    .toBeGreaterThan(0);
});

test("a look into the log that ends after the run was taken over here repeats nothing", async () => {
  const gate = Promise.withResolvers<void>();
  let held: Promise<void> | undefined;
  let [reads, answers] = [0, 0];
  const answer = async (statement: { text: string; values: unknown[] }) => {
    const hold = held;
    reads += 1;
    const result = await storage.database.pool.query(statement);
    await hold;
    answers += 1;
    return result;
  };
  const slow = { ...storage.database, pool: { query: answer } } as unknown as Database;
  const feed = new EventFeed(slow);
  const [early, late] = [createWatcher(), createWatcher()];
  feed.follow(ids.runId, 0, early.watcher);
  await expect.poll(() => reads).toBe(2);
  await query(
    "insert into events (run_id, seq, type, data) values ($1, 1, 'text', '{\"text\":\"第1\"}')",
    ids.runId,
  );
  held = gate.promise;
  feed.wake(ids.runId);
  await expect.poll(() => reads).toBe(3);
  feed.openLocal(ids, 0);
  feed.publish(ids.runId, [text(1)]);
  feed.publish(ids.runId, [text(2)]);
  gate.resolve();
  await expect.poll(() => answers).toBe(3);
  feed.follow(ids.runId, 0, late.watcher);
  feed.publish(ids.runId, [text(3)]);
  expect([early.seen, late.seen]).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  await query("delete from events where run_id = $1", ids.runId);
});

test("a slow reader that still catches up is not cut off when its run ends elsewhere", async () => {
  const runId = randomUUID();
  await query(
    "insert into runs (run_id, task_id, user_id, ordinal, status) values ($1, $2, $3, 2, 'ok')",
    runId,
    ids.taskId,
    ids.userId,
  );
  await query(
    `insert into events (run_id, seq, type, data) select $1::uuid, n, 'text', '{"text":"字"}'
     from generate_series(1, 600) n`,
    runId,
  );
  await query("update runs set status = 'ok' where run_id = $1", ids.runId);
  await query("update runs set status = 'running' where run_id = $1", runId);
  const feed = new EventFeed(storage.database);
  const fast = createWatcher();
  feed.follow(runId, 599, fast.watcher);
  await expect.poll(() => fast.seen).toEqual([600]);
  const gate = Promise.withResolvers<void>();
  const slow = createWatcher();
  feed.follow(runId, 0, { ...slow.watcher, write: slow.watcher.write, ready: () => gate.promise });
  await expect.poll(() => slow.seen.length).toBe(500);
  await query(`insert into events (run_id, seq, type, data) values ($1, 601, 'done', '{}')`, runId);
  await query("update runs set status = 'ok' where run_id = $1", runId);
  feed.wake(runId);
  await expect.poll(() => fast.ended).toBe(true);
  // Who asks for what lies beyond the end has the log looked into once more.
  const late = createWatcher();
  feed.follow(runId, 601, late.watcher);
  feed.wake(runId);
  await expect.poll(() => late.ended).toBe(true);
  gate.resolve();
  await expect.poll(() => slow.ended).toBe(true);
  expect(slow.seen.at(-1)).toBe(601);
});
