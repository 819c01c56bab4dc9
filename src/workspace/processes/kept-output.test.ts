import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../directory.ts";
import { openDirectory } from "../open-directory.ts";
import { unlimitedSpace } from "../space/disk-space.ts";
import { createKeptOutput } from "./kept-output.ts";

let host: string;
let directory: Directory;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-输出-"));
  directory = await openDirectory(host);
});

afterEach(() => rm(host, { recursive: true }));

test("what can be shown whole makes no file", async () => {
  const output = createKeptOutput(directory, "结果.txt", 30);
  for (const piece of ["一行\n", "两行\n", ""]) output.add(piece);
  expect(await output.finish()).toEqual({
    text: "一行\n两行\n",
    droppedBytes: 0,
    keptBytes: 0,
    totalBytes: 14,
  });
  expect(await readdir(host)).toEqual([]);
});

test("what is more stands in a file whole, in its order, also what comes while it is written", async () => {
  const pieces = Array.from({ length: 500 }, (_, index) => `第${index}段\n`);
  const output = createKeptOutput(directory, "子/结果.txt", 100);
  for (const [index, piece] of pieces.entries()) {
    output.add(piece);
    if (index % 50 === 0) await readdir(host);
  }
  const kept = await output.finish();
  expect(kept).toMatchObject({ path: "子/结果.txt", keptBytes: kept.totalBytes });
  expect(kept.text).toMatch(/^第0段[\s\S]*left out[\s\S]*第499段\n$/);
  expect(await readFile(join(host, "子/结果.txt"), "utf8")).toBe(pieces.join(""));
});

test("the file holds the beginning of what is beyond its bound, in whole characters", async () => {
  const output = createKeptOutput(directory, "结果.txt", 10, 20);
  for (const piece of ["一二三", "四五六", "七八九"]) output.add(piece);
  expect(await output.finish()).toMatchObject({ keptBytes: 18, totalBytes: 27 });
  expect(await readFile(join(host, "结果.txt"), "utf8")).toBe("一二三四五六");
});

test("a disk without room costs the file and nothing else", async () => {
  const full = await openDirectory(host, {
    ...unlimitedSpace,
    claim: async () => {
      throw new ApiError("quota_exceeded", "满了");
    },
  });
  const output = createKeptOutput(full, "结果.txt", 10);
  for (const piece of ["一二三四", "五六七八"]) output.add(piece);
  const kept = await output.finish();
  expect(kept.path).toBeUndefined();
  expect(kept.text).toMatch(/^一[\s\S]*八$/);
  expect(await readdir(host)).toEqual([]);
});

test("what is discarded leaves nothing, also in the middle of the writing", async () => {
  const output = createKeptOutput(directory, "结果.txt", 10);
  output.add("很多字很多字很多字");
  output.add("还有");
  await output.discard();
  output.add("再来");
  expect(await readdir(host)).toEqual([]);
});
