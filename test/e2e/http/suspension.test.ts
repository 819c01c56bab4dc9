import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { forgeToken, readClaims } from "../../support/api/forge-token.ts";
import { post } from "../../support/api/pending.ts";
import { ask, createTask, stranger } from "../../support/api/request.ts";
import { cancelRun, readMessages, readStatus, startHangingRun, startRun } from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { calls } from "../../support/model-turn.ts";
import {
  jwtSecret,
  platformKey,
  startTestServer,
  type TestServer,
  type TestUser,
} from "../../support/server.ts";

/** Two servers on one database; people are suspended at the first. */
let database: TestDatabase;
let first: TestServer;
let second: TestServer;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { databaseUrl: database.url, runs: 2, approvals: ["bash"] };
  first = await startTestServer(settings);
  second = await startTestServer({ ...settings, runs: 4 });
});
afterAll(async () => {
  await second.close();
  await first.close();
  await database.drop();
});

const suspend = (userId: unknown, suspended: unknown = true, key: unknown = platformKey) =>
  ask(stranger(first.url), "POST", "/v1/auth/suspension", {
    user_id: userId,
    platform_key: key,
    suspended,
  });
const login = (userId: string, server = first) =>
  ask<{ token: string; code?: string }>(stranger(server.url), "POST", "/v1/auth/login", {
    user_id: userId,
    platform_key: platformKey,
  });
const at = (server: TestServer, token: string) => stranger(server.url, { Authorization: `Bearer ${token}` });
const meAt = async (server: TestServer, headers: Record<string, string>) => {
  const { status, body } = await ask(stranger(server.url, headers), "GET", "/v1/me");
  return status === 200 ? 200 : [status, body.code];
};
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

describe("the request", () => {
  const refusals: [string, unknown[], number, string][] = [
    ["a wrong key", [randomUUID(), true, "wrong"], 403, "invalid_platform_key"],
    ["a wrong key, before the malformed id", ["no uuid", true, "wrong"], 403, "invalid_platform_key"],
    ["an id that is no UUID", ["没有"], 400, "invalid_user_id"],
    ["an id that is a number", [1], 422, "invalid_request"],
    ["a word for yes", [randomUUID(), "yes"], 422, "invalid_request"],
    ["nothing about what is wanted", [randomUUID(), null], 422, "invalid_request"],
  ];
  test.each(refusals)("%s is refused", async (_name, [userId, suspended, key], status, code) => {
    const answer = await suspend(userId, suspended, key);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test("a user's own token does not do", async () => {
    const user = await first.createUser();
    const body = { user_id: user.userId, platform_key: user.token, suspended: true };
    expect((await ask(user, "POST", "/v1/auth/suspension", body)).status).toBe(403);
    expect((await ask(user, "GET", "/v1/me")).status).toBe(200);
  });

  test("says what is so now, also when it was so before", async () => {
    const userId = randomUUID();
    for (const suspended of [true, true, false, false]) {
      const answer = await suspend(userId.toUpperCase(), suspended);
      expect([answer.status, answer.body]).toEqual([200, { user_id: userId, suspended }]);
    }
  });
});

describe("who is suspended", () => {
  test("is refused with every token, at every server, and others are not", async () => {
    const user = await first.createUser();
    const other = await first.createUser();
    const command = forgeToken({ ...readClaims(user.token), scope: "cli" }, jwtSecret);
    const credentials = [bearer(user.token), bearer(command), { Cookie: `zcbot_session=${user.token}` }];
    for (const server of [first, second])
      for (const headers of credentials) expect(await meAt(server, headers)).toBe(200);
    expect((await suspend(user.userId)).status).toBe(200);
    for (const headers of credentials) {
      expect(await meAt(first, headers)).toEqual([401, "unauthorized"]);
      await expect.poll(() => meAt(second, headers)).toEqual([401, "unauthorized"]);
    }
    expect(await meAt(first, bearer(other.token))).toBe(200);
    expect(await meAt(second, bearer(other.token))).toBe(200);
  });

  test("cannot sign in, and once it is lifted can, with new tokens only", async () => {
    const user = await first.createUser();
    await suspend(user.userId);
    for (const server of [first, second]) {
      const refused = await login(user.userId, server);
      expect([refused.status, refused.body.code]).toEqual([403, "user_suspended"]);
    }
    await suspend(user.userId, false);
    expect(await meAt(first, bearer(user.token))).toEqual([401, "unauthorized"]);
    const { body } = await login(user.userId);
    expect(await meAt(first, bearer(body.token))).toBe(200);
    expect(await meAt(second, bearer(body.token))).toBe(200);
    expect(await meAt(second, bearer(user.token))).toEqual([401, "unauthorized"]);
  });

  test("may be somebody who has never been here", async () => {
    const userId = randomUUID();
    expect((await suspend(userId)).status).toBe(200);
    expect((await login(userId)).body.code).toBe("user_suspended");
    await suspend(userId, false);
    expect((await login(userId)).status).toBe(200);
  });

  test("a lifted suspension of nobody makes no user", async () => {
    const userId = randomUUID();
    expect((await suspend(userId, false)).status).toBe(200);
    const { rowCount } = await database.database.pool.query("select from users where user_id = $1", [userId]);
    expect(rowCount).toBe(0);
  });
});

/** What a user's tasks have come to, read under a new token after the suspension is lifted. */
async function signInAgain(user: TestUser): Promise<Pick<TestUser, "fetch">> {
  await suspend(user.userId, false);
  return at(first, (await login(user.userId)).body.token);
}

test("runs at work, in the queue and waiting for a person are cancelled, and what waits behind them never runs", async () => {
  const user = await first.createUser();
  const make = (name: string) => createTask(user, { name });
  const [working, asking, steered] = [await make("在跑"), await make("在等人"), await make("后面排着")];
  await startHangingRun(user, working.task_id);
  first.models.script(calls("bash", { command: "true" }, "call_问"));
  await startRun(user, asking.task_id, "问");
  await expect.poll(() => readStatus(user, asking.task_id)).toBe("waiting");
  await startHangingRun(user, steered.task_id);
  await post(user, steered.task_id, "下一个", "queue");
  const requests = first.models.requests.length;
  await suspend(user.userId);

  const again = await signInAgain(user);
  for (const { task_id } of [working, asking, steered]) {
    await expect.poll(() => readStatus(again, task_id)).toBe("cancelled");
  }
  const waiting = await ask(again, "GET", `/v1/tasks/${steered.task_id}/pending`);
  expect(waiting.body).toEqual({ pending: [] });
  const runs = await ask<{ count: number }>(again, "GET", `/v1/tasks/${steered.task_id}/runs`);
  expect(runs.body.count).toBe(1);
  expect(first.models.requests.length).toBe(requests);
  const contents = (await readMessages(again, steered.task_id)).map(({ payload }) => payload.content);
  expect(contents).not.toContain("下一个");
});

test("streams of every kind end, at every server, and those of others go on", async () => {
  const [user, other] = [await first.createUser(), await first.createUser()];
  const task = await createTask(user);
  const run = await startHangingRun(user, task.task_id);
  const foreign = await startHangingRun(other, (await createTask(other)).task_id);
  const opened = [];
  for (const server of [first, second]) {
    const here = at(server, user.token);
    for (const path of [`/v1/tasks/${task.task_id}/events`, "/v1/events"]) {
      const events = await openEvents(here, path);
      await events.next();
      opened.push(events.all());
    }
    opened.push(ask(here, "GET", `/v1/tasks/${task.task_id}/runs/${run.runId}?wait=60`));
  }
  opened.push(run.events.all());
  // Cut off, or ended in good order: the test's own time limit bounds it.
  const ended = Promise.allSettled(opened);
  await suspend(user.userId);
  await ended;
  expect(await readStatus(other, foreign.eventsUrl.split("/")[3] ?? "")).toBe("running");
  await cancelRun(other, foreign.eventsUrl.split("/")[3] ?? "", foreign.runId);
  expect((await foreign.events.all()).at(-1)?.event).toBe("done");
});

test("a run that was begun by a request let in just before is cancelled too", async () => {
  const user = await first.createUser();
  const task = await createTask(user);
  // As if the suspension had been committed between the check of the token and the message.
  await database.database.pool.query("update users set suspended_at = now() where user_id = $1", [
    user.userId,
  ]);
  await startRun(user, task.task_id, "hang");
  await expect
    .poll(
      async () => {
        const { rows } = await database.database.pool.query("select status from runs where user_id = $1", [
          user.userId,
        ]);
        return rows;
      },
      { timeout: 10_000 },
    )
    .toEqual([{ status: "cancelled" }]);
});

test("a stream ends also where the word of the suspension was lost", async () => {
  const user = await first.createUser();
  const events = await openEvents(user, "/v1/events");
  await events.next();
  const ended = events.all().catch(() => "cut off");
  // Nobody is told; servers look for themselves once they can listen again.
  const { pool } = database.database;
  await pool.query("update users set suspended_at = now() where user_id = $1", [user.userId]);
  await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'zcbot listener' and datname = current_database()`,
  );
  await ended;
  await expect.poll(() => meAt(first, bearer(user.token))).toEqual([401, "unauthorized"]);
});

test("in local mode the sign-in link of somebody suspended signs nobody in", async () => {
  const local = await startTestServer({ platformKey: undefined, jwtSecret: undefined });
  try {
    const secrets = JSON.parse(await readFile(join(local.dataDir, "secrets.json"), "utf8"));
    const body = { user_id: secrets.local_user_id, platform_key: secrets.platform_key, suspended: true };
    expect((await ask(stranger(local.url), "POST", "/v1/auth/suspension", body)).status).toBe(200);
    const code = local.server.signInLink?.split("#code=")[1];
    const refused = await ask(stranger(local.url), "POST", "/v1/auth/code", { code });
    expect([refused.status, refused.body.code]).toEqual([403, "user_suspended"]);
    expect(refused.headers.get("set-cookie")).toBeNull();
  } finally {
    await local.close();
  }
});
