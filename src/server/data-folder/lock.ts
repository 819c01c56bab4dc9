import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { StartError } from "../start-error.ts";
import { readRealm, readStartTime } from "./process-identity.ts";

const LockFile = z.object({
  lock_id: z.uuid(),
  pid: z.int(),
  /** With the pid this names the process, see `readStartTime`. */
  started_at: z.string(),
  /** Where that pid means something, see `readRealm`. */
  realm: z.string(),
  host: z.string(),
  /** The server's URL; null until it listens. */
  address: z.string().nullable(),
});

/** The server that owns a data folder. */
export type ServerLock = z.infer<typeof LockFile>;

/** The data folder held by this process. */
export interface HeldLock {
  /** Lets others know where this server listens. */
  setAddress(address: string): Promise<void>;
  release(): Promise<void>;
}

const fileName = "server.json";
const heartbeatMs = 5_000;
/** A lock from another container or machine counts as left behind after this silence. */
const silenceMs = 3 * heartbeatMs;

/** The living server that owns a data folder, if there is one. */
export async function readLock(dataDir: string): Promise<ServerLock | undefined> {
  const { lock, live } = await inspectLock(join(dataDir, fileName));
  return live ? lock : undefined;
}

/**
 * Takes the folder for this process. A lock whose process is gone is taken over; one of another container
 * or machine once it has been silent for 15 s, which a patient caller waits for.
 * Throws StartError, naming the running server's address, when the folder is in use.
 */
export async function takeLock(dataDir: string, { patient }: { patient: boolean }): Promise<HeldLock> {
  const path = join(dataDir, fileName);
  const mine: ServerLock = {
    lock_id: randomUUID(),
    pid: process.pid,
    started_at: readStartTime(process.pid) ?? "",
    realm: readRealm(),
    host: hostname(),
    address: null,
  };
  const waitUntil = Date.now() + (patient ? silenceMs + heartbeatMs : 0);
  while (!(await createExclusively(path, mine))) {
    const { lock, text, live } = await inspectLock(path);
    if (!live) await removeStale(path, text);
    else if (lock?.realm === mine.realm || Date.now() > waitUntil) throw inUse(dataDir, lock);
    else await delay(500);
  }
  return holdLock(path, mine);
}

function holdLock(path: string, mine: ServerLock): HeldLock {
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A folder that vanished under the server shows up elsewhere.
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  heartbeat.unref();
  return {
    async setAddress(address) {
      const temporary = `${path}.${randomUUID()}`;
      await writeFile(temporary, serialize({ ...mine, address }), { mode: 0o600 });
      await rename(temporary, path);
    },
    async release() {
      clearInterval(heartbeat);
      const { lock } = await inspectLock(path);
      if (lock?.lock_id === mine.lock_id) await rm(path, { force: true });
    },
  };
}

function serialize(lock: ServerLock): string {
  return `${JSON.stringify(lock)}\n`;
}

/** A link appears complete or not at all, so nobody reads half a lock. */
async function createExclusively(path: string, lock: ServerLock): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, serialize(lock), { mode: 0o600 });
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function inspectLock(path: string): Promise<{ lock?: ServerLock; text?: string; live: boolean }> {
  let text: string;
  let touchedAt: number;
  try {
    text = await readFile(path, "utf8");
    touchedAt = (await stat(path)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { live: false };
    throw error;
  }
  const lock = parseLock(text);
  if (!lock) return { text, live: false };
  const live =
    lock.realm === readRealm()
      ? readStartTime(lock.pid) === lock.started_at
      : Date.now() - touchedAt < silenceMs;
  return { lock, text, live };
}

function parseLock(text: string): ServerLock | undefined {
  try {
    return LockFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * Removes a lock that was found stale. Two starters may have found the same: what is moved away is
 * looked at again, and put back if the other one has already replaced it.
 */
async function removeStale(path: string, text: string | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
    if ((await readFile(aside, "utf8")) !== text) await link(aside, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EEXIST") throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

function inUse(dataDir: string, lock: ServerLock | undefined): StartError {
  const who = `process ${lock?.pid}${lock?.realm === readRealm() ? "" : ` on ${lock?.host}`}`;
  const where = lock?.address ? `running at ${lock.address}` : "just starting";
  return new StartError([
    `The data folder ${dataDir} is in use by a zcbot ${where} (${who}). ` +
      "Use that one, stop it, or set ZCBOT_DATA to another folder.",
  ]);
}
