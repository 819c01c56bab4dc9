import { randomUUID } from "node:crypto";
import { link, open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createClient } from "../../../client/client.ts";
import { readLock } from "../../../server/data-folder/lock.ts";
import type { Config } from "../../../server/settings/config.ts";
import { type Check, failed, ok, warning, wordsOf } from "../report.ts";

const name = "data folder";
const leastFreeBytes = 2 ** 30;
const answerMs = 5_000;

/** Looks at the data folder: who has it, whether it can be written and kept private, and its disk. */
export async function checkFolder(config: Config, version: string, signal: AbortSignal): Promise<Check[]> {
  const { dataDir } = config;
  const existing = await nearestExisting(dataDir);
  if (existing !== dataDir) {
    const text = `${dataDir} is not there yet; serve makes it`;
    return [ok(name, text), ...(await checkDisk(existing))];
  }
  return [
    ...(await checkOwner(config)),
    ...(await checkLock(dataDir, version, signal)),
    ...(await checkDisk(dataDir)),
  ];
}

async function nearestExisting(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined || path === dirname(path)) return path;
  return await nearestExisting(dirname(path));
}

/** Others must not read the keys; who serves must be who the folder belongs to. */
async function checkOwner({ dataDir }: Config): Promise<Check[]> {
  const folder = await stat(dataDir);
  if (!folder.isDirectory()) {
    return [failed(name, `${dataDir} is no folder`, "Set ZCBOT_DATA to a folder that you may write.")];
  }
  const me = process.getuid?.();
  if (me !== undefined && me !== 0 && folder.uid !== me) {
    const text = `${dataDir} belongs to user ${folder.uid}, and this is user ${me}`;
    return [warning(name, text, "Run doctor and serve as the same user.")];
  }
  const secrets = await stat(join(dataDir, "secrets.json")).catch(() => undefined);
  if (secrets !== undefined && (secrets.mode & 0o077) !== 0) {
    const text = `others on this machine may read ${join(dataDir, "secrets.json")}`;
    return [failed(name, text, "Set its mode to 0600, and make new secrets if somebody may have.")];
  }
  return [ok(name, dataDir)];
}

async function checkLock(dataDir: string, version: string, signal: AbortSignal): Promise<Check[]> {
  const lock = await readLock(dataDir);
  if (lock === undefined) return [ok("server", "none runs on this folder now")];
  const who = `process ${lock.pid} on ${lock.host}`;
  if (lock.address === null) return [warning("server", `${who} is starting`)];
  try {
    const client = createClient({ baseUrl: lock.address });
    const health = await client.health({ signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]) });
    const text = `runs at ${lock.address} (${who}), version ${health.version}, database ${health.database}, sandbox ${health.sandbox}`;
    if (health.version === version) return [ok("server", text)];
    return [warning("server", text, `This is ${version}: restart the server to have that one.`)];
  } catch (error) {
    signal.throwIfAborted();
    const text = `${who} holds the folder, but does not answer at ${lock.address}: ${wordsOf(error)}`;
    return [failed("server", text, "Look into its log; stop it and start it again.")];
  }
}

async function checkDisk(folder: string): Promise<Check[]> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const space = `${(free / 2 ** 30).toFixed(1)} GiB free`;
  try {
    const took = await tryToKeep(folder);
    const text = `${space}; files are written, synced, linked and renamed in ${took.toFixed(1)} ms`;
    if (free >= leastFreeBytes) return [ok("disk", text)];
    return [warning("disk", text, "Make room: without any, runs end and nothing new is accepted.")];
  } catch (error) {
    const text = `${space}; ${folder} cannot be used: ${wordsOf(error)}`;
    const advice = "zcbot needs a folder it may write, on a file system with fsync, hard links and rename.";
    return [failed("disk", text, advice)];
  }
}

/** What the server relies on: a file that is synced, then linked and renamed, is there. Gives the milliseconds. */
async function tryToKeep(folder: string): Promise<number> {
  const path = join(folder, `.zcbot-doctor-${randomUUID()}`);
  const others = [`${path}.linked`, `${path}.renamed`] as const;
  const began = performance.now();
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile("zcbot doctor\n");
      await file.sync();
    } finally {
      await file.close();
    }
    await link(path, others[0]);
    await rename(others[0], others[1]);
    const directory = await open(folder, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    return performance.now() - began;
  } finally {
    for (const each of [path, ...others]) await rm(each, { force: true });
  }
}
