import { createHash } from "node:crypto";
import { ApiError } from "../../protocol/error.ts";
import type { Directory, Entry } from "../directory.ts";

/** Below the user's root: no task works there, as a working directory's name does not begin with ".". */
const place = ".zcbot/kept";
/** Of one content, bytes. */
export const maxKeptBytes = 8 * 2 ** 20;
/** Of all that is kept for a user, bytes. */
const usualBytes = 256 * 2 ** 20;
/** After a sweep, of what is allowed: so that the next one is not due at once. */
const sweptShare = 0.8;
/** What is still younger need not be written again to stay, milliseconds. */
const refreshAfter = 24 * 3_600_000;

/** What is known of a user's store: bytes added since the last sweep began, and the sweep under way. */
interface Store {
  added: number;
  sweep: Promise<void> | undefined;
  /** What was found or put there lately, and when: it is not looked for again at each read of the same file. */
  known: Map<string, number>;
}

/** How long that counts, milliseconds, and for how many. */
const knownMs = 600_000;
const maxKnown = 1_000;

const stores = new WeakMap<Directory, Store>();

/**
 * Keeps content for a while under its hash (sha256, hex), which is the answer. Where there is no room for it, or it
 * is larger than `maxKeptBytes`, the hash is all there is. The oldest goes when `maxBytes` in all are exceeded.
 */
export async function keepContent(
  userRoot: Directory,
  bytes: Uint8Array,
  maxBytes = usualBytes,
): Promise<string> {
  const hash = hashContent(bytes);
  if (bytes.length > maxKeptBytes) return hash;
  const store = storeOf(userRoot);
  if (Date.now() - (store.known.get(hash) ?? 0) < knownMs) return hash;
  try {
    await keep(userRoot, hash, bytes);
    if (store.known.size >= maxKnown) store.known.clear();
    store.known.set(hash, Date.now());
    await sweepIfDue(userRoot, store, bytes.length, maxBytes);
  } catch (error) {
    // What is kept is a help, never a condition: of the disk's own troubles others speak.
    if (!(error instanceof ApiError)) throw error;
  }
  return hash;
}

/** What was kept under the hash; null where it is gone, or is not what it was. */
export async function readKept(userRoot: Directory, hash: string): Promise<Buffer | null> {
  if (!/^[0-9a-f]{64}$/.test(hash)) return null;
  try {
    const file = await userRoot.open(pathOf(hash));
    try {
      if (file.size > maxKeptBytes) return null;
      const bytes = await file.handle.readFile();
      return hashContent(bytes) === hash ? bytes : null;
    } finally {
      await file.handle.close();
    }
  } catch (error) {
    if (error instanceof ApiError) return null;
    throw error;
  }
}

/** The hash that `keepContent` gives. */
export function hashContent(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function storeOf(userRoot: Directory): Store {
  let store = stores.get(userRoot);
  if (!store) {
    store = { added: Number.POSITIVE_INFINITY, sweep: undefined, known: new Map() };
    stores.set(userRoot, store);
  }
  return store;
}

function pathOf(hash: string): string {
  return `${place}/${hash.slice(0, 2)}/${hash}`;
}

async function keep(userRoot: Directory, hash: string, bytes: Uint8Array): Promise<void> {
  const path = pathOf(hash);
  const found = await userRoot.stat(path).catch(() => null);
  if (found?.size === bytes.length && Date.now() - found.modifiedAt.getTime() < refreshAfter) return;
  // Not durable: what a power cut has torn does not have its hash.
  const file = await userRoot.create(path, { durable: false });
  await file.write(bytes);
  await file.commit();
}

/** The first time, and then whenever an eighth of what is allowed was added, the oldest is looked for. */
async function sweepIfDue(userRoot: Directory, store: Store, bytes: number, maxBytes: number): Promise<void> {
  store.added += bytes;
  if (store.added < maxBytes / 8) return;
  store.added = 0;
  store.known.clear();
  store.sweep ??= sweep(userRoot, maxBytes).finally(() => {
    store.sweep = undefined;
  });
  await store.sweep;
}

async function sweep(userRoot: Directory, maxBytes: number): Promise<void> {
  const kept: { path: string; entry: Entry }[] = [];
  let total = 0;
  for (const folder of await userRoot.list(place)) {
    if (!folder.isDirectory) continue;
    for (const entry of await userRoot.list(`${place}/${folder.name}`)) {
      kept.push({ path: `${place}/${folder.name}/${entry.name}`, entry });
      total += entry.size;
    }
  }
  if (total <= maxBytes) return;
  kept.sort((one, other) => one.entry.modifiedAt.getTime() - other.entry.modifiedAt.getTime());
  for (const { path, entry } of kept) {
    if (total <= maxBytes * sweptShare) return;
    // Another server may have been first.
    await userRoot.remove(path).catch(() => {});
    total -= entry.size;
  }
}
