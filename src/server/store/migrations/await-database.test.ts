import { once } from "node:events";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { pipeline } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../../../../test/support/database.ts";
import { createLogger } from "../../log.ts";
import { openDatabase } from "../database.ts";
import { awaitDatabase } from "./await-database.ts";

function open(url: string) {
  const logger = createLogger("silent");
  const database = openDatabase({ url }, { poolSize: 1, applicationName: "test", logger });
  onTestFinished(() => database.close());
  return database;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test("a database that is not there is named, without its password", async () => {
  const port = await freePort();
  const database = open(`postgres://用户:geheim@127.0.0.1:${port}/库`);
  const failure = awaitDatabase(database, 100);
  await expect(failure).rejects.toThrow(`127.0.0.1:${port}/`);
  await expect(failure).rejects.toThrow(/ECONNREFUSED.*DATABASE_URL/s);
  await expect(failure).rejects.not.toThrow("geheim");
});

test("a database that does not exist is refused at once", async () => {
  const clone = await createTestDatabase();
  onTestFinished(clone.drop);
  const database = open(clone.url.replace(/zcbot_test_[^?]+/, "no_such_database"));
  await expect(awaitDatabase(database, 600_000)).rejects.toThrow(/"no_such_database" does not exist/);
});

test("a database that comes up late is waited for", async () => {
  const clone = await createTestDatabase();
  onTestFinished(clone.drop);
  const port = await freePort();
  const url = new URL(clone.url);
  const { address } = clone;
  const target =
    "url" in address
      ? { host: url.hostname, port: Number(url.port || 5432) }
      : { path: `${address.socketDirectory}/.s.PGSQL.${address.port}` };
  const user = url.searchParams.get("user") ?? url.username;
  const database = open(`postgres://${user}:${url.password}@127.0.0.1:${port}${url.pathname}`);
  const waiting = awaitDatabase(database);
  await expect(database.pool.query("select 1")).rejects.toThrow("ECONNREFUSED");

  const late = createServer((socket) => {
    const upstream = createConnection(target);
    pipeline(socket, upstream, socket, () => undefined);
  });
  late.listen(port, "127.0.0.1");
  onTestFinished(() => {
    late.close();
  });
  await expect(waiting).resolves.toBeUndefined();
});
