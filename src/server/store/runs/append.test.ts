import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../test/support/database.ts";
import { insertTaskRow, newRun } from "../../../../test/support/task-row.ts";
import { appendToRuns, type RunAppend } from "./append.ts";
import { insertRun } from "./runs.ts";

let storage: TestDatabase;
let userId: string;
let taskId: string;

beforeAll(async () => {
  storage = await createTestDatabase();
  ({ userId, taskId } = await insertTaskRow(storage.database));
});
afterAll(() => storage.drop());

const spent = (tokens: number) => ({
  ...{ tokensIn: tokens, tokensOut: tokens, cached: 0, reasoning: 0, costNano: tokens },
});

async function startRun(): Promise<(more: Partial<RunAppend>) => Promise<Map<string, number>>> {
  const runId = randomUUID();
  const offer = { serverId: randomUUID(), userLimit: 10 };
  const run = await insertRun(storage.database, { ...newRun(userId, taskId), runId }, offer);
  const nothing = {
    ...{ events: [], messages: [], usage: [], context: null, end: null },
    ...{ spent: spent(0), nextIdx: run.nextIdx },
  };
  return (more) =>
    appendToRuns(storage.database, [{ runId, generation: run.generation, ...nothing, ...more }], false);
}

async function readAll() {
  const { pool } = storage.database;
  const { rows: runs } = await pool.query("select * from runs order by ordinal");
  const { rows: tasks } = await pool.query("select * from tasks");
  const { rows: messages } = await pool.query("select * from messages order by idx");
  return { runs, tasks, messages };
}

test("a flush of a run that was repeated late changes nothing of the run's end", async () => {
  const append = await startRun();
  const message = {
    idx: 1,
    payload: { role: "assistant", content: "好" },
    providerData: undefined,
    notes: undefined,
  } as const;
  const early: Partial<RunAppend> = {
    events: [{ seq: 1, type: "text", data: '{"text":"好"}' }],
    messages: [{ ...message, tokensIn: 1, tokensOut: 1 }],
    ...{ spent: spent(1), nextIdx: 2 },
  };
  const last: Partial<RunAppend> = {
    events: [{ seq: 2, type: "error", data: "{}" }],
    end: { status: "error", errorCode: "model_failed", errorMessage: "坏了" },
    ...{ spent: spent(5), nextIdx: 2 },
  };
  await append(early);
  await append(last);
  const before = await readAll();
  expect(before.tasks).toMatchObject([{ tokens_prompt: 5, n_messages: 2 }]);
  await append(early);
  // The repetition of the end still tells what waits behind it.
  expect([...(await append(last)).values()]).toEqual([0]);
  expect(await readAll()).toEqual(before);
});

test("a request's deadline counts by the database's clock, whatever the server's says", async () => {
  const append = await startRun();
  const request = {
    request_id: randomUUID(),
    call_id: "call_问",
    kind: "question",
    question: "哪个？",
    // An hour ago: of a server whose clock is slow.
    deadline: new Date(Date.now() - 3_600_000).toISOString(),
    wait_seconds: 600,
  };
  await append({ events: [{ seq: 1, type: "request", data: JSON.stringify(request) }] });
  const { rows } = await storage.database.pool.query(
    "select deadline > now() + interval '9 minutes' as is_ahead from requests where request_id = $1",
    [request.request_id],
  );
  expect(rows).toEqual([{ is_ahead: true }]);
  await append({ end: { status: "ok" } });
});

test("a context record with texts that the database cannot hold is stored without them", async () => {
  const append = await startRun();
  await append({ context: { summarizedBefore: 1, summary: "半个\ud83d\0字" } });
  const { rows } = await storage.database.pool.query(
    "select record ->> 'summary' as summary, summarized_before from contexts where task_id = $1",
    [taskId],
  );
  expect(rows).toEqual([{ summary: "半个\ufffd\ufffd字", summarized_before: 1 }]);
});
