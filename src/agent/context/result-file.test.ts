import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDirectory } from "../../workspace/open-directory.ts";
import { keepResult } from "./result-file.ts";

let host: string;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-结果-"));
});

afterEach(() => rm(host, { recursive: true }));

test("a large result is kept in a hidden folder of the working directory, whatever its name", async () => {
  const directory = await openDirectory(host);
  const path = await keepResult(directory, "12-搜索/../../x\0", "全文\n".repeat(1_000));
  expect(path).toMatch(/^\.zcbot\/results\/12-搜索-x--[0-9a-f]{8}\.txt$/);
  expect(await readFile(join(host, path), "utf8")).toBe("全文\n".repeat(1_000));
});

test("two results under one name do not take each other's place", async () => {
  const directory = await openDirectory(host);
  const paths = await Promise.all(["甲", "乙", "甲"].map((text) => keepResult(directory, "3-bash", text)));
  expect(paths[0]).toBe(paths[2]);
  expect(paths[0]).not.toBe(paths[1]);
  expect(await readFile(join(host, paths[1] ?? ""), "utf8")).toBe("乙");
});
