import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { openDataFolder } from "./data-folder.ts";
import { readLock } from "./lock.ts";

let folder: string;
beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), "zcbot-数据-"));
  folder = join(root, "一", "二");
  onTestFinished(() => rmSync(root, { recursive: true }));
});

const alone = { shared: false };
const lockFile = () => join(folder, "server.json");

function rewriteLock(changes: Record<string, unknown>): void {
  const lock = JSON.parse(readFileSync(lockFile(), "utf8")) as Record<string, unknown>;
  writeFileSync(lockFile(), JSON.stringify({ ...lock, ...changes }));
}

test("a new folder is private, and so are its secrets", async () => {
  const { secrets, close } = await openDataFolder(folder, alone);
  for (const [path, mode] of [
    ["", 0o700],
    ["workspace", 0o700],
    ["workspace/users", 0o700],
    ["secrets.json", 0o600],
    ["server.json", 0o600],
  ] as const) {
    expect([path, statSync(join(folder, path)).mode & 0o777]).toEqual([path, mode]);
  }
  expect(secrets.jwt_secret).toMatch(/^[0-9a-f]{64}$/);
  await close();
});

test("secrets are made once, and stay", async () => {
  const first = await openDataFolder(folder, alone);
  const sharers = await Promise.all([1, 2, 3].map(() => openDataFolder(folder, { shared: true })));
  for (const { secrets } of sharers) expect(secrets).toEqual(first.secrets);
  await first.close();
  expect((await openDataFolder(folder, alone)).secrets).toEqual(first.secrets);
});

test("secrets that others could read are made private, and broken ones are refused", async () => {
  const first = await openDataFolder(folder, alone);
  await first.close();
  chmodSync(join(folder, "secrets.json"), 0o644);
  await (await openDataFolder(folder, alone)).close();
  expect(statSync(join(folder, "secrets.json")).mode & 0o777).toBe(0o600);
  writeFileSync(join(folder, "secrets.json"), `{"jwt_secret": "短"}`);
  await expect(openDataFolder(folder, alone)).rejects.toThrow(/secrets\.json does not hold jwt_secret/);
  expect(await readLock(folder)).toBeUndefined();
});

test("a second server on the folder is told where the first one listens", async () => {
  const first = await openDataFolder(folder, alone);
  await expect(openDataFolder(folder, alone)).rejects.toThrow("in use by a zcbot just starting");
  await first.setAddress("http://127.0.0.1:8787");
  await expect(openDataFolder(folder, alone)).rejects.toThrow(
    `in use by a zcbot running at http://127.0.0.1:8787 (process ${process.pid})`,
  );
  expect(await readLock(folder)).toMatchObject({ address: "http://127.0.0.1:8787", pid: process.pid });
  await first.close();
  expect(await readLock(folder)).toBeUndefined();
  await (await openDataFolder(folder, alone)).close();
});

test("servers with a database of their own share the folder, and the first one's address stays", async () => {
  const first = await openDataFolder(folder, { shared: true });
  await first.setAddress("http://127.0.0.1:1");
  const second = await openDataFolder(folder, { shared: true });
  await second.setAddress("http://127.0.0.1:2");
  await second.close();
  expect(await readLock(folder)).toMatchObject({ address: "http://127.0.0.1:1" });
});

test("the lock of a dead process is taken over by exactly one of many", async () => {
  await openDataFolder(folder, alone);
  const child = spawn("true");
  await once(child, "exit");
  rewriteLock({ pid: child.pid });
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => openDataFolder(folder, alone)));
  expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await readLock(folder)).toMatchObject({ pid: process.pid });
  expect(readdirSync(folder).toSorted()).toEqual(["secrets.json", "server.json", "workspace"]);
});

test("a lock whose pid another program has by now is taken over", async () => {
  const first = await openDataFolder(folder, alone);
  rewriteLock({ started_at: "很久以前" });
  expect(await readLock(folder)).toBeUndefined();
  const second = await openDataFolder(folder, alone);
  // The old owner, were it still there, must not take the new one's lock with it.
  await first.close();
  expect(await readLock(folder)).toBeDefined();
  await second.close();
});

test("a lock of another container holds while it shows life, and no longer", async () => {
  await openDataFolder(folder, alone);
  rewriteLock({ realm: "另一个容器", host: "别处" });
  expect(await readLock(folder)).toMatchObject({ host: "别处" });
  const aMinuteAgo = Date.now() / 1000 - 60;
  utimesSync(lockFile(), aMinuteAgo, aMinuteAgo);
  expect(await readLock(folder)).toBeUndefined();
  await (await openDataFolder(folder, alone)).close();
});

test("a folder that cannot be written is refused with the remedy", async () => {
  const file = join(folder, "..", "..", "一份文件");
  writeFileSync(file, "");
  await expect(openDataFolder(join(file, "数据"), alone)).rejects.toThrow(
    /ZCBOT_DATA to a folder that you may write/,
  );
});
