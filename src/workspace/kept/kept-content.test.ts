import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../directory.ts";
import { openDirectory } from "../open-directory.ts";
import { unlimitedSpace } from "../space/disk-space.ts";
import { hashContent, keepContent, maxKeptBytes, readKept } from "./kept-content.ts";

let host: string;
let root: Directory;
beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-留存-"));
  root = await openDirectory(host);
});
afterEach(() => rm(host, { recursive: true }));

function pathOf(hash: string): string {
  return join(host, ".zcbot/kept", hash.slice(0, 2), hash);
}

test("what is kept is read back by its hash, and kept once", async () => {
  const hash = await keepContent(root, Buffer.from("内容"));
  expect(await keepContent(root, Buffer.from("内容"))).toBe(hash);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect((await readKept(root, hash))?.toString()).toBe("内容");
  expect(await readdir(join(pathOf(hash), ".."))).toEqual([hash]);
});

test("a hash that is none, or under which nothing is kept, gives nothing", async () => {
  for (const hash of ["", "../../秘密", "g".repeat(64), "0".repeat(64)]) {
    expect(await readKept(root, hash)).toBeNull();
  }
});

test("content that is no longer what it was is not given", async () => {
  const hash = await keepContent(root, Buffer.from("真"));
  await writeFile(pathOf(hash), "假");
  expect(await readKept(root, hash)).toBeNull();
  await keepContent(root, Buffer.from("另一个"));
});

test("the oldest goes when there is too much", async () => {
  const hashes: string[] = [];
  for (let index = 0; index < 12; index++) {
    const hash = await keepContent(root, Buffer.alloc(1_000, index), 10_000);
    hashes.push(hash);
    await utimes(pathOf(hash), 1_000_000 + index, 1_000_000 + index);
  }
  await keepContent(root, Buffer.alloc(1_000, 99), 10_000);
  const left = await Promise.all(hashes.map(async (hash) => (await readKept(root, hash)) !== null));
  const gone = left.indexOf(true);
  expect(gone).toBeGreaterThanOrEqual(3);
  expect(left.slice(gone)).not.toContain(false);
  expect(left.at(-1)).toBe(true);
});

test("what is kept again after a day counts as new", async () => {
  const bytes = Buffer.from("常用");
  const hash = await keepContent(root, bytes);
  await utimes(pathOf(hash), 1_000_000, 1_000_000);
  await keepContent(root, bytes);
  expect((await stat(pathOf(hash))).mtimeMs).toBeGreaterThan(1_000_000_000);
});

test("without room, and for what is too large, there is the hash alone", async () => {
  const refuse = async (): Promise<never> => {
    throw new ApiError("quota_exceeded", "满了");
  };
  const full = await openDirectory(host, { ...unlimitedSpace, check: refuse, claim: refuse });
  const bytes = Buffer.from("放不下");
  expect(await keepContent(full, bytes)).toBe(hashContent(bytes));
  const large = Buffer.alloc(maxKeptBytes + 1);
  expect(await keepContent(root, large)).toBe(hashContent(large));
  expect(await readdir(host)).toEqual([]);
});
