import { afterAll, beforeAll, expect, test } from "vitest";
import { openConnection } from "../../support/api/raw-connection.ts";
import { createTask } from "../../support/api/request.ts";
import { cancelRun, startHangingRun } from "../../support/api/runs.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

test("a wish for another protocol is passed over, and its connection closed rather than left hanging", async () => {
  const connection = await openConnection(server.url);
  const size = 1_000_000;
  connection.send(
    `POST /v1/me HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: ${size}\r\n\r\n`,
  );
  const answer = await connection.nextAnswer();
  expect([answer?.status, /^connection: close\r?$/im.test(answer?.head ?? "")]).toEqual([405, true]);
  connection.send(Buffer.alloc(size, "."));
  connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  expect(await connection.nextAnswer()).toBeNull();
});

test("HEAD of an active run's events is answered at once, on a connection that goes on", async () => {
  const user = await server.createUser();
  const task = await createTask(user);
  const run = await startHangingRun(user, task.task_id);
  const connection = await openConnection(server.url);
  const ask = (method: string, path: string) =>
    connection.send(`${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.token}\r\n\r\n`);
  ask("HEAD", run.eventsUrl);
  const head = await connection.nextAnswer();
  expect([head?.status, head?.body]).toEqual([200, ""]);
  expect(head?.head).toMatch(/^content-type: text\/event-stream/im);
  ask("GET", "/v1/me");
  expect((await connection.nextAnswer())?.status).toBe(200);
  connection.close();
  await cancelRun(user, task.task_id, run.runId);
});
