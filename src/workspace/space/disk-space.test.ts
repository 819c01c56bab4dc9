import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { link, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDirectory } from "../open-directory.ts";
import { UserSpace } from "./disk-space.ts";
import { measureFree, measureTree } from "./measure.ts";

const mebibyte = 2 ** 20;
let host: string;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-空间-"));
});
afterEach(() => rm(host, { recursive: true }));

const spaceOf = (userBytes: number, freeBytes = 0): UserSpace =>
  new UserSpace(host, { userBytes, freeBytes });
const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(120);

test("a tree is measured by the blocks in use: holes are free, and links to one file count once", async () => {
  await mkdir(join(host, "夹"));
  const empty = (await measureTree(host)) ?? 0;
  execFileSync("truncate", ["-s", "1T", join(host, "稀疏.img")]);
  await writeFile(join(host, "夹/文.bin"), bytes(3 * mebibyte));
  for (let index = 0; index < 5; index++) await link(join(host, "夹/文.bin"), join(host, `链${index}`));
  const measured = ((await measureTree(host)) ?? 0) - empty;
  expect(measured).toBeGreaterThanOrEqual(3 * mebibyte);
  expect(measured).toBeLessThan(3.5 * mebibyte);
  expect(await measureTree(join(host, "没有"))).toBeNull();
  expect(await measureFree(host)).toBeGreaterThan(0);
});

test("what does not fit is refused, what was freed fits again, and nothing of a refused file stays", async () => {
  const root = await openDirectory(host, spaceOf(2 * mebibyte));
  const task = await root.subdirectory("任务");
  await task.writeText("一.txt", "x".repeat(mebibyte));
  await expect(task.writeText("二.txt", "x".repeat(mebibyte))).rejects.toMatchObject({
    code: "quota_exceeded",
  });
  expect((await root.list("任务")).map(({ name }) => name)).toEqual(["一.txt"]);
  expect((await root.readText("任务/一.txt", mebibyte)).text).toHaveLength(mebibyte);
  await root.remove("任务/一.txt");
  await task.writeText("二.txt", "x".repeat(mebibyte));
});

test("many writers at once do not get more than there is", async () => {
  const root = await openDirectory(host, spaceOf(4 * mebibyte));
  const outcomes = await Promise.allSettled(
    Array.from({ length: 12 }, async (_, index) => {
      const file = await root.create(`${index}.bin`);
      for (let turn = 0; turn < 16; turn++) await file.write(bytes(mebibyte / 16));
      return file.commit();
    }),
  );
  const refused = outcomes.filter(({ status }) => status === "rejected");
  expect(refused.length).toBeGreaterThanOrEqual(8);
  for (const outcome of refused) expect(outcome).toMatchObject({ reason: { code: "quota_exceeded" } });
  expect(await measureTree(host)).toBeLessThanOrEqual(4 * mebibyte);
});

test("a disk with less than its floor takes nothing more", async () => {
  const root = await openDirectory(host, spaceOf(2 ** 40, 2 ** 60));
  await expect(root.writeText("文.txt", "文")).rejects.toMatchObject({ code: "disk_full" });
  expect(await root.space.room()).toBe(0);
  expect(await root.list("")).toEqual([]);
});

test("whoever writes past the room while watched is told by a signal with the reason", async () => {
  const space = spaceOf(3 * mebibyte);
  const watch = space.watch(new AbortController().signal);
  const told = once(watch.signal, "abort");
  await writeFile(join(host, "文.bin"), bytes(mebibyte));
  await space.check();
  await writeFile(join(host, "大.bin"), bytes(6 * mebibyte));
  await told;
  expect(watch.signal.reason).toMatchObject({ code: "quota_exceeded" });
  watch.end();
});

test("whoever is beyond the quota may run what frees space, but not what takes more", async () => {
  await writeFile(join(host, "大.bin"), bytes(8 * mebibyte));
  await writeFile(join(host, "小.bin"), bytes(mebibyte));
  const space = spaceOf(2 * mebibyte);
  expect(await space.room()).toBe(0);
  const stop = new AbortController();
  const watch = space.watch(stop.signal);
  await rm(join(host, "小.bin"));
  await expect(space.check()).rejects.toMatchObject({ code: "quota_exceeded" });
  expect(watch.signal.aborted).toBe(false);
  const told = once(watch.signal, "abort");
  await writeFile(join(host, "更大.bin"), bytes(4 * mebibyte));
  await told;
  expect(watch.signal.reason).toMatchObject({ code: "quota_exceeded" });
  watch.end();

  const stopped = space.watch(stop.signal);
  stop.abort(new Error("stopped"));
  expect(stopped.signal.reason).toMatchObject({ message: "stopped" });
  stopped.end();
});
