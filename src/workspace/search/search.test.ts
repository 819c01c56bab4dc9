import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Directory } from "../directory.ts";
import { openDirectory } from "../open-directory.ts";
import { findLauncher, plainSandbox } from "../sandbox/plain.ts";
import { type FileSearch, findFiles } from "./find-files.ts";
import { countMatches, type LineSearch, searchText } from "./search-text.ts";

const sandbox = plainSandbox(await findLauncher(), "off", []);

let host: string;
let root: Directory;
const signal = new AbortController().signal;
const files = [
  "README.md",
  "src/甲.ts",
  "src/deep/乙.tsx",
  "src/gen.ts",
  "src/c.log",
  "node_modules/x/丙.ts",
  ".hidden/丁.ts",
  "src/.git/戊.ts",
  "[夹]/里/中文 名.ts",
  "-dash.ts",
];

beforeAll(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-搜索-"));
  root = await openDirectory(host);
  for (const [index, file] of files.entries()) {
    await root.writeText(file, `第一行\n\t你好 Hello ${file}\r\n第三行\n`);
    await utimes(join(host, file), 1_000_000 + index, 1_000_000 + index);
  }
  await root.writeText(".gitignore", "node_modules\n*.log\n/src/gen.ts\n");
  await root.writeText("二进制.ts", "你好 Hello\n\0\0\0");
  execFileSync("mkfifo", [join(host, "管.ts")]);
  await symlink("src/甲.ts", join(host, "链.ts"));
  await symlink("/etc", join(host, "外"));
});
afterAll(() => rm(host, { recursive: true }));

async function matchPaths(search: Partial<LineSearch>): Promise<string[]> {
  const { lines } = await searchText(sandbox, root, { pattern: "Hello", maxMatches: 50, ...search }, signal);
  return lines.map(({ path }) => path);
}

async function find(search: Partial<FileSearch>): Promise<string[]> {
  return (await findFiles(sandbox, root, { pattern: "*", maxResults: 50, ...search }, signal)).paths;
}

test("text is found with its path and line; ignored, hidden and binary files and links are left out", async () => {
  const { lines, isPartial } = await searchText(sandbox, root, { pattern: "你好", maxMatches: 50 }, signal);
  expect(lines).toEqual(
    ["-dash.ts", "README.md", "[夹]/里/中文 名.ts", "src/deep/乙.tsx", "src/甲.ts"].map((path) => ({
      path,
      line: 2,
      text: `\t你好 Hello ${path}`,
      isMatch: true,
    })),
  );
  expect(isPartial).toBe(false);
});

test("a search is narrowed by path and glob, without bringing back what is ignored", async () => {
  expect(await matchPaths({ path: "src" })).toEqual(["src/deep/乙.tsx", "src/甲.ts"]);
  expect(await matchPaths({ path: "src/甲.ts" })).toEqual(["src/甲.ts"]);
  expect(await matchPaths({ glob: "*.{md,tsx}" })).toEqual(["README.md", "src/deep/乙.tsx"]);
  expect(await matchPaths({ glob: "src/**" })).toEqual(["src/deep/乙.tsx", "src/甲.ts"]);
  expect(await matchPaths({ path: "[夹]", glob: "里/*.ts" })).toEqual(["[夹]/里/中文 名.ts"]);
  expect(await matchPaths({ pattern: "hello" })).toEqual([]);
  expect(await matchPaths({ pattern: "hello", ignoreCase: true, path: "src/deep" })).toHaveLength(1);
  expect(await matchPaths({ pattern: "--files" })).toEqual([]);
});

test("a part of the matches is given, and how many there are", async () => {
  const search = { pattern: "行", skip: 2, maxMatches: 3 };
  const { lines, count, isPartial } = await searchText(sandbox, root, search, signal);
  expect(lines.map(({ path, line }) => `${path}:${line}`)).toEqual([
    "README.md:1",
    "README.md:3",
    "[夹]/里/中文 名.ts:1",
  ]);
  expect([count, isPartial]).toEqual([10, false]);
});

test("of a long line the part around the match is given", async () => {
  await root.writeText("长/行.txt", `${"长".repeat(5_000)}独一无二${"尾".repeat(5_000)}`);
  const { lines } = await searchText(sandbox, root, { pattern: "独一无二", maxMatches: 1 }, signal);
  expect(lines[0]?.text).toMatch(/^…长{100}独一无二尾{396}…$/);
  await root.remove("长/行.txt");
  await root.remove("长");
});

test("lines around a match are given and told apart, and a match may go over lines", async () => {
  const around = { pattern: "你好", path: "README.md", maxMatches: 9 };
  const { lines, count } = await searchText(sandbox, root, { ...around, context: 1 }, signal);
  expect(lines.map(({ line, isMatch }) => [line, isMatch])).toEqual([
    [1, false],
    [2, true],
    [3, false],
  ]);
  expect(count).toBe(1);
  const over = { ...around, pattern: "一行.*第三", multiline: true };
  expect((await searchText(sandbox, root, over, signal)).lines.map(({ text }) => text)).toEqual([
    "第一行",
    "\t你好 Hello README.md",
    "第三行",
  ]);
});

test("files with matches are listed, or counted", async () => {
  const count = (onlyFiles: boolean) =>
    countMatches(sandbox, root, { pattern: "行", glob: "*.{md,tsx}", onlyFiles }, signal);
  expect((await count(true)).files.map(({ path }) => path)).toEqual(["README.md", "src/deep/乙.tsx"]);
  expect((await count(false)).files).toEqual([
    { path: "README.md", count: 2 },
    { path: "src/deep/乙.tsx", count: 2 },
  ]);
});

test("names that are no UTF-8 are given as they lead to their files", async () => {
  const name = Buffer.concat([Buffer.from(`${host}/\u65e7`), Buffer.from([0xd6, 0xd0]), Buffer.from(".txt")]);
  await writeFile(name, "独特的内容");
  const path = "旧\uefd6\uefd0.txt";
  expect(await matchPaths({ pattern: "独特" })).toEqual([path]);
  expect(await find({ pattern: "*.txt" })).toEqual([path]);
  const { files: found } = await countMatches(sandbox, root, { pattern: "独特", onlyFiles: false }, signal);
  expect(found).toEqual([{ path, count: 1 }]);
  expect((await root.readText(path, 100)).text).toBe("独特的内容");
  await root.remove(path);
});

test("files are found by glob, the latest first", async () => {
  expect(await find({ pattern: "*.ts" })).toEqual([
    "二进制.ts",
    "-dash.ts",
    "[夹]/里/中文 名.ts",
    "src/甲.ts",
  ]);
  expect(await find({ pattern: "**/*.tsx" })).toEqual(["src/deep/乙.tsx"]);
  expect(await find({ pattern: "*", path: "src" })).toEqual(["src/deep/乙.tsx", "src/甲.ts"]);
  expect(await find({ pattern: "deep/*", path: "src" })).toEqual(["src/deep/乙.tsx"]);
  expect(await find({ pattern: "./src/*" })).toEqual(["src/甲.ts"]);
  expect(await findFiles(sandbox, root, { pattern: "*", maxResults: 2 }, signal)).toMatchObject({
    paths: { length: 2 },
    count: 6,
    isPartial: false,
  });
});

test("a malformed pattern and a path that cannot be searched are refused with the reason", async () => {
  await expect(searchText(sandbox, root, { pattern: "(", maxMatches: 1 }, signal)).rejects.toMatchObject({
    code: "invalid_request",
    message: expect.stringContaining("unclosed group"),
  });
  const refused = { "..": "invalid_path", 外: "invalid_path", 没有: "path_not_found", "管.ts": "not_a_file" };
  for (const [path, code] of Object.entries(refused)) {
    await expect(matchPaths({ path })).rejects.toMatchObject({ code });
  }
});

test("a search that is stopped rejects with the signal's reason", async () => {
  const stop = new AbortController();
  const searching = searchText(sandbox, root, { pattern: "x", maxMatches: 1 }, stop.signal);
  stop.abort(new Error("停"));
  await expect(searching).rejects.toThrow("停");
});
