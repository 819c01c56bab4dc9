import { afterAll, beforeAll, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { createTask, stranger } from "../../support/api/request.ts";
import {
  findFaults,
  finishRun,
  readMessages,
  readRun,
  readStatus,
  startRun,
} from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { type DatabaseProxy, startDatabaseProxy } from "../../support/database-proxy.ts";
import { says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

/** Two servers on one database; the first loses its way to it, but lives. */
let database: TestDatabase;
let proxy: DatabaseProxy;
let cutOff: TestServer;
let other: TestServer;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startDatabaseProxy(database.url);
  cutOff = await startTestServer({ databaseUrl: proxy.url });
  other = await startTestServer({ databaseUrl: database.url });
});
afterAll(async () => {
  await other.close();
  await cutOff.close();
  await proxy.close();
  await database.drop();
});

test("a run taken over from a server that lives goes on elsewhere, and nothing the first one says later counts", async () => {
  const user = await cutOff.createUser();
  const elsewhere = stranger(other.url, { Authorization: `Bearer ${user.token}` });
  const task = await createTask(user);
  const gate = Promise.withResolvers<void>();
  cutOff.models.script({ parts: [{ text: "之前" }, { until: gate.promise }, { text: "之后" }] });
  other.models.script(says("这里说完"));
  const run = await startRun(user, task.task_id);
  const here = await openEvents(user, run.eventsUrl);
  await here.until("text");

  await proxy.block();
  // As whoever notices its silence does, after ten seconds.
  await database.database.pool.query(
    "delete from servers where server_id = (select lease_owner from runs where run_id = $1)",
    [run.runId],
  );
  const there = await readRun(elsewhere, run.eventsUrl);
  expect(there.slice(3).map(({ event, data }) => [event, data.reason ?? data.text])).toEqual([
    ["resumed", "server_lost"],
    ["llm_start", undefined],
    ["text", "这里说完"],
    ["usage", undefined],
    ["llm_end", undefined],
    ["done", undefined],
  ]);
  gate.resolve();
  await proxy.open();

  expect((await here.all()).map(({ raw }) => raw)).toEqual(there.map(({ raw }) => raw));
  expect((await finishRun(user, task.task_id)).frames.at(-1)?.event).toBe("done");
  expect((await readRun(user, run.eventsUrl)).map(({ raw }) => raw)).toEqual(there.map(({ raw }) => raw));
  const messages = await readMessages(user, task.task_id);
  expect(messages[1]?.payload).toEqual({ role: "assistant", content: "这里说完" });
  expect(findFaults(messages)).toEqual([]);
  expect(await readStatus(user, task.task_id)).toBe("ok");
});
