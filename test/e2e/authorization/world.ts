import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { EndpointName } from "../../../src/protocol/api.ts";
import { type RawRequest, sendRaw } from "../../support/api/raw-request.ts";
import { createTestDatabase } from "../../support/database.ts";
import { platformKey, startTestServer, type TestServer, type TestUser } from "../../support/server.ts";
import { type Ids, make, type Thing, things } from "./belongings.ts";
import { requestFor } from "./plan.ts";

/** Somebody with one thing of each kind, and with a second one of each. */
export interface Person {
  user: TestUser;
  things: Record<Thing, Ids>;
  others: Record<Thing, Ids>;
}

/** What an answer says, without what may differ: its number and time. */
export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
  code: unknown;
}

export interface World {
  server: TestServer;
  createPerson(): Promise<Person>;
  send(sent: RawRequest): Promise<Answer>;
  /** Calls an endpoint about things with these credentials. */
  call(name: EndpointName, ids: Ids, headers: Record<string, string>): Promise<Answer>;
  suspend(userId: string, suspended: boolean): Promise<void>;
  /** A new token of a user that there is. */
  signIn(userId: string): Promise<string>;
  /** Removes a user as an operator would who knows only the database. */
  removeUser(userId: string): Promise<void>;
  /** All rows and all files; equal to an earlier one if nothing has changed for anybody. */
  snapshot(): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Tables that move by themselves. */
const ownMotion = ["servers", "kysely_migration", "kysely_migration_lock"];

export async function startWorld(): Promise<World> {
  const database = await createTestDatabase();
  // The runs at work stay so, however long the tests take.
  const server = await startTestServer({ databaseUrl: database.url, stallMs: 24 * 3_600_000 });
  const { rows } = await database.database.pool.query<{ table_name: string }>(
    "select table_name from information_schema.tables where table_schema = 'public' order by 1",
  );
  const tables = rows.map(({ table_name }) => table_name).filter((table) => !ownMotion.includes(table));
  const send = async (sent: RawRequest): Promise<Answer> => {
    const { status, headers, body } = await sendRaw(server.url, sent);
    const { date, "x-request-id": requestId, ...rest } = headers;
    const text = body.toString();
    if (typeof requestId !== "string") throw new Error(`an answer without a number: ${status} ${text}`);
    const isJson = headers["content-type"]?.startsWith("application/json");
    const code = isJson && text !== "" ? (JSON.parse(text) as { code?: unknown }).code : undefined;
    return { status, headers: rest, body: text.replaceAll(requestId, "<request_id>"), code };
  };
  const asPlatform = async (path: string, json: Record<string, unknown>): Promise<string> => {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ ...json, platform_key: platformKey });
    const answer = await send({ method: "POST", path, headers, body });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
    return answer.body;
  };
  return {
    server,
    send,
    async createPerson() {
      const user = await server.createUser();
      const person = { user, things: {}, others: {} } as Person;
      for (const thing of things) {
        person.things[thing] = await make(user, thing);
        person.others[thing] = await make(user, thing);
      }
      return person;
    },
    call(name, ids, headers) {
      const sent = requestFor(name, ids);
      return send({ ...sent, headers: { ...sent.headers, ...headers } });
    },
    async suspend(userId, suspended) {
      await asPlatform("/v1/auth/suspension", { user_id: userId, suspended });
      const active = "select from runs where user_id = $1 and status not in ('ok', 'cancelled', 'error')";
      // It ends the user's runs.
      await expect.poll(async () => (await database.database.pool.query(active, [userId])).rowCount).toBe(0);
    },
    async signIn(userId) {
      return (JSON.parse(await asPlatform("/v1/auth/login", { user_id: userId })) as { token: string }).token;
    },
    async removeUser(userId) {
      await database.database.pool.query("delete from users where user_id = $1", [userId]);
    },
    async snapshot() {
      const state: Record<string, unknown> = {};
      for (const table of tables) {
        const { rows } = await database.database.pool.query(
          `select coalesce(json_agg(each order by each::text), '[]') as all from ${table} each`,
        );
        state[table] = rows[0]?.all;
      }
      state.files = await describeFiles(join(server.dataDir, "workspace"));
      return state;
    },
    async close() {
      await server.close();
      await database.drop();
    },
  };
}

/** Runs this and expects that it leaves every row and every file as it was. */
export async function expectNoChange(world: World, run: () => Promise<void>): Promise<void> {
  const before = await world.snapshot();
  await run();
  expect(await world.snapshot()).toEqual(before);
}

/** Each file and folder below a folder; files with their time and a digest of what is in them. */
async function describeFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const described = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) return path;
    const digest = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    return `${path} ${(await lstat(path)).mtimeMs} ${digest}`;
  });
  return (await Promise.all(described)).toSorted();
}
