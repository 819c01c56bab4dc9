import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { readStartTime } from "../../data-folder/process-identity.ts";
import { createLogger } from "../../log.ts";
import { openDatabase } from "../database.ts";
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from "./embedded-postgres.ts";

const logger = createLogger("silent");
const running = new Set<EmbeddedPostgres>();
let root: string;
let folder: string;

// Setting Postgres up is the slow part: it is done once, and copied.
let seed: string;
beforeAll(async () => {
  seed = mkdtempSync(join(tmpdir(), "zcbot-pg-"));
  const server = await startEmbeddedPostgres({ folder: join(seed, "postgres"), logger });
  await server.stop();
});
afterAll(() => rmSync(seed, { recursive: true, force: true }));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "zcbot-pg-"));
  folder = join(root, "数 据");
});

function plantCluster(): void {
  mkdirSync(folder, { mode: 0o700 });
  execFileSync("cp", ["-a", join(seed, "postgres", "data"), folder]);
}

afterEach(async () => {
  for (const server of running) await server.stop();
  running.clear();
  rmSync(root, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ folder, logger, ...options });
  running.add(server);
  return server;
}

async function ask(server: EmbeddedPostgres, statement: string): Promise<unknown> {
  const database = openDatabase(server.address, { poolSize: 1, applicationName: "test", logger });
  try {
    return (await database.pool.query(statement)).rows;
  } finally {
    await database.close();
  }
}

/** A process that holds a Postgres, with the pid of that Postgres. */
async function hold(): Promise<{ holder: ChildProcess; pid: number }> {
  const program = join(import.meta.dirname, "../../../../test/support/hold-postgres.ts");
  const holder = spawn(process.execPath, [program, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const failed = once(holder, "exit").then(() => {
    throw new Error("the holder ended early");
  });
  const line = once(createInterface(holder.stdout), "line");
  const [pid] = (await Promise.race([line, failed])) as [string];
  failed.catch(() => undefined);
  return { holder, pid: Number(pid) };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

test("it starts on a private socket alone, durable, and what is written is there the next time", async () => {
  const server = await start();
  expect(
    await ask(
      server,
      "select name, setting from pg_settings where name = any('{fsync,full_page_writes,synchronous_commit,listen_addresses,TimeZone}') order by 1",
    ),
  ).toEqual([
    { name: "TimeZone", setting: "UTC" },
    { name: "fsync", setting: "on" },
    { name: "full_page_writes", setting: "on" },
    { name: "listen_addresses", setting: "" },
    { name: "synchronous_commit", setting: "on" },
  ]);
  expect(await ask(server, "select lower('ÄÖ') || upper('é汉') as 字, 'É' ilike 'é' as 同")).toEqual([
    { 字: "äöÉ汉", 同: true },
  ]);
  for (const path of ["", "data", "socket"]) {
    expect([path, statSync(join(folder, path)).mode & 0o777]).toEqual([path, 0o700]);
  }
  await ask(server, "create table 记 as select '永久' as 字");
  await server.stop();
  expect(readStartTime(server.pid)).toBeUndefined();
  expect(await ask(await start(), "select * from 记")).toEqual([{ 字: "永久" }]);
});

test("Postgres sees none of the server's environment", async () => {
  plantCluster();
  process.env.ZCBOT_TEST_SECRET = "秘密-canary";
  const server = await start();
  delete process.env.ZCBOT_TEST_SECRET;
  expect(readFileSync(`/proc/${server.pid}/environ`, "utf8")).not.toContain("canary");
});

test("after its server was killed, Postgres is adopted by the next one, still watched and stopped", async () => {
  plantCluster();
  const { holder, pid } = await hold();
  await kill(holder);
  expect(readStartTime(pid)).toBeDefined();
  const states: string[] = [];
  let up = () => {};
  const again = new Promise<void>((resolve) => {
    up = resolve;
  });
  const server = await start({
    onStateChange(state) {
      states.push(state);
      if (state === "up") up();
    },
  });
  expect([server.adopted, server.pid]).toEqual([true, pid]);
  process.kill(pid, "SIGQUIT");
  await again;
  expect(states).toEqual(["down", "up"]);
  expect(await ask(server, "select '回来' as 字")).toEqual([{ 字: "回来" }]);
  await server.stop();
  expect(readStartTime(server.pid)).toBeUndefined();
});

test("a Postgres left behind with other settings is stopped and started anew", async () => {
  plantCluster();
  const { holder, pid } = await hold();
  await kill(holder);
  const server = await start({ settings: { max_connections: "23" } });
  expect(server.adopted).toBe(false);
  expect(server.pid).not.toBe(pid);
  expect(await ask(server, "show max_connections")).toEqual([{ max_connections: "23" }]);
});

test("a Postgres left behind that no longer answers is stopped and started anew", async () => {
  plantCluster();
  const { holder, pid } = await hold();
  await kill(holder);
  rmSync(join(folder, "socket", ".s.PGSQL.5432"));
  const server = await start();
  expect(server.adopted).toBe(false);
  expect(readStartTime(pid)).toBeUndefined();
  expect(await ask(server, "select 1 as 一")).toEqual([{ 一: 1 }]);
});

test("a process that exits without stopping Postgres takes it along", async () => {
  plantCluster();
  const { holder, pid } = await hold();
  holder.stdin?.write("exit\n");
  await once(holder, "exit");
  await expect.poll(() => readStartTime(pid)).toBeUndefined();
});

test("a killed Postgres is started again on the same address, with what was committed", async () => {
  plantCluster();
  let up = () => {};
  const again = new Promise<void>((resolve) => {
    up = resolve;
  });
  const server = await start({ onStateChange: (state) => state === "up" && up() });
  const { pid, address } = server;
  await ask(server, "create table 存 as select '已提交' as 字");
  // A client that stays connected keeps one child alive for a moment after its parent was killed.
  const client = new pg.Client({ ...address, host: address.socketDirectory });
  client.on("error", () => undefined);
  await client.connect();
  process.kill(pid, "SIGKILL");
  await again;
  expect(server.pid).not.toBe(pid);
  expect(server.address).toEqual(address);
  expect(await ask(server, "select * from 存")).toEqual([{ 字: "已提交" }]);
});

test("a new start ends the children of a killed Postgres that are still at work", async () => {
  plantCluster();
  const { holder, pid } = await hold();
  const client = new pg.Client({ host: join(folder, "socket"), user: "zcbot", database: "postgres" });
  client.on("error", () => undefined);
  await client.connect();
  const { rows } = await client.query("select pg_backend_pid() as pid");
  // Half a minute of work that looks neither at signals' flags nor at the parent.
  client.query("select count(*) from generate_series(1, 200000000)").catch(() => undefined);
  await expect.poll(() => readFileSync(`/proc/${rows[0].pid}/stat`, "utf8").split(" ")[2]).toBe("R");
  process.kill(pid, "SIGKILL");
  await kill(holder);
  expect(readStartTime(rows[0].pid)).toBeDefined();
  expect(await ask(await start(), "select 1 as 一")).toEqual([{ 一: 1 }]);
});

test("stopping while it is being started again leaves nothing running", async () => {
  plantCluster();
  let server: EmbeddedPostgres | undefined;
  let stopped: Promise<void> | undefined;
  const down = new Promise<void>((resolve) => {
    void start({
      onStateChange(state) {
        if (state !== "down") return;
        stopped = server?.stop();
        resolve();
      },
    }).then((started) => {
      server = started;
      process.kill(started.pid, "SIGKILL");
    });
  });
  await down;
  await stopped;
  expect(server && readStartTime(server.pid)).toBeUndefined();
  const next = await start();
  expect(next.adopted).toBe(false);
});

test("a set-up that was cut short is done over", async () => {
  mkdirSync(join(folder, "initdb-半途", "base"), { recursive: true });
  const start1 = new AbortController();
  const first = startEmbeddedPostgres({ folder, logger, signal: start1.signal });
  await expect.poll(() => readdirSync(folder).some((name) => /^initdb-[0-9a-f]/.test(name))).toBe(true);
  start1.abort();
  await expect(first).rejects.toThrow();
  expect(readdirSync(folder)).not.toContain("data");
  expect(await ask(await start(), "select 1 as 一")).toEqual([{ 一: 1 }]);
  expect(readdirSync(folder).toSorted()).toEqual(["data", "server.log", "socket"]);
});

test("a folder with a long path gets a short private socket elsewhere, removed at the end", async () => {
  folder = join(root, "很长的路径".repeat(8));
  plantCluster();
  const server = await start();
  const { socketDirectory } = server.address;
  expect(Buffer.byteLength(socketDirectory)).toBeLessThan(90);
  expect(statSync(socketDirectory).mode & 0o777).toBe(0o700);
  expect(await ask(server, "select 1 as 一")).toEqual([{ 一: 1 }]);
  await server.stop();
  expect(() => statSync(socketDirectory)).toThrow("ENOENT");
});

test("lock files with the pid of another program are no obstacle", async () => {
  plantCluster();
  const first = await start();
  await first.stop();
  const other = spawn("sleep", ["60"]);
  onTestFinished(() => {
    other.kill();
  });
  const stale = `${other.pid}\n${join(folder, "data")}\n1\n5432\n`;
  writeFileSync(join(folder, "data", "postmaster.pid"), stale);
  writeFileSync(join(folder, "socket", ".s.PGSQL.5432.lock"), stale);
  const server = await start();
  expect(server.adopted).toBe(false);
});

test("the data of another major version is refused, with both numbers", async () => {
  mkdirSync(join(folder, "data"), { recursive: true });
  writeFileSync(join(folder, "data", "PG_VERSION"), "15\n");
  await expect(start()).rejects.toThrow(
    /made by Postgres 15, and this zcbot brings Postgres \d+.*DATABASE_URL/s,
  );
});

test("a Postgres that cannot start says why in its own words", async () => {
  plantCluster();
  await expect(start({ settings: { max_connections: "viele" } })).rejects.toThrow(
    /invalid value for parameter "max_connections".*DATABASE_URL/s,
  );
});
