import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { toolContext } from "../../../test/support/tool-context.ts";
import type { Directory } from "../../workspace/directory.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import { plainSandbox } from "../../workspace/sandbox/plain.ts";
import { describeMemory } from "./describe-memory.ts";
import { describeDirectoryInstructions, readInstructions } from "./directory-instructions.ts";
import { loadMemory } from "./load-memory.ts";
import { readIndex, readMemoryFile, removeMemory, writeMemory } from "./memory-store.ts";
import { recallTool } from "./recall-tool.ts";
import { rememberTool } from "./remember-tool.ts";

const sandbox = plainSandbox({ containment: "group", prefix: [] }, "off", []);
let host: string;
let root: Directory;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-记忆-"));
  root = await openDirectory(join(host, "甲"));
});
afterEach(() => rm(host, { recursive: true }));

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(join(host, path, ".."), { recursive: true });
  await writeFile(join(host, path), content);
}

const inMemory = (path: string) => readFile(join(host, "甲/.memory", path), "utf8");
const shown = async () => describeMemory(await loadMemory(root));

async function call(
  tool: typeof rememberTool,
  input: unknown,
): Promise<{ content: string; isError: boolean }> {
  return await tool.execute(input, toolContext(root.child("任务"), sandbox, { userRoot: root }));
}
const remember = (input: unknown) => call(rememberTool, input);
const recall = (input: unknown) => call(recallTool, input);

test("the prompt shows the user's own markdown files, MEMORY.md first, and nobody else's", async () => {
  await put("甲/.memory/MEMORY.md", "喜欢表格\n");
  await put("甲/.memory/A.md", "第一");
  await put("甲/.memory/项目/乙方.md", "合同号 42");
  await put("甲/.memory/图.png", "no");
  await put("甲/.memory/空.md", "\n");
  await put("乙/.memory/秘密.md", "别人的");
  await symlink("../../乙/.memory/秘密.md", join(host, "甲/.memory/链接.md"));
  const text = await shown();
  expect(text).toMatch(/^# Memory\n/);
  expect(text).toMatch(/## MEMORY\.md\n\n喜欢表格\n\n## A\.md\n\n第一\n\n## 项目\/乙方\.md\n\n合同号 42$/);
  expect(text).toBe(await shown());
});

test("a user without memory has none, whatever stands in its place", async () => {
  expect(await shown()).toBe("");
  await put("甲/.memory", "是个文件");
  expect(await shown()).toBe("");
  await rm(join(host, "甲/.memory"));
  await put("乙/.memory/秘密.md", "别人的");
  await symlink(join(host, "乙/.memory"), join(host, "甲/.memory"));
  expect(await shown()).toBe("");
});

test("large files are named by their first line, and the whole keeps within its budget", async () => {
  await put("甲/.memory/MEMORY.md", "字".repeat(10_000));
  await put("甲/.memory/大.md", `# 大的标题\n\n${"字".repeat(5_000)}`);
  for (let index = 0; index < 60; index++)
    await put(`甲/.memory/多/${index}.md`, `${"多".repeat(200)}${index}`);
  const text = await shown();
  expect(Buffer.byteLength(text)).toBeLessThan(22_000);
  expect(text).not.toContain("\uFFFD");
  expect(text).toMatch(/\[cut here; recall this file for the rest\]/);
  expect(text).toContain("\n- 大.md (15,016 bytes): 大的标题");
  expect(text).toMatch(/\n- \[and \d+ more; recall without a path lists all\]$/);
});

test("a file that is written to is shown anew", async () => {
  await put("甲/.memory/MEMORY.md", "旧的");
  const at = new Date(Date.now() - 60_000);
  await utimes(join(host, "甲/.memory/MEMORY.md"), at, at);
  expect(await shown()).toContain("旧的");
  await writeMemory(root, "MEMORY.md", "person", () => "新的");
  await utimes(join(host, "甲/.memory/MEMORY.md"), at, at);
  expect(await shown()).toContain("新的");
});

test("remember appends a fact once, replaces and deletes, and recall reads it back", async () => {
  expect((await remember({ content: "- 喜欢简短" })).content).toBe("Remembered in MEMORY.md (15 bytes).");
  await remember({ content: "- 叫张三\n" });
  expect((await remember({ content: "- 喜欢简短" })).content).toMatch(/says that already/);
  expect(await inMemory("MEMORY.md")).toBe("- 喜欢简短\n- 叫张三\n");
  await remember({ path: ".memory/项目/预算", content: "# 预算\n100 万", mode: "replace" });
  expect(await inMemory("项目/预算.md")).toBe("# 预算\n100 万\n");
  expect((await recall({})).content).toBe(
    "- MEMORY.md (27 bytes): 喜欢简短\n- 项目/预算.md (17 bytes): 预算",
  );
  expect((await recall({ path: "项目/预算.md" })).content).toBe("# 预算\n100 万\n");
  expect((await remember({ path: "项目/预算.md", mode: "delete" })).content).toMatch(/^Removed/);
  expect(await recall({ path: "项目/预算.md" })).toMatchObject({ isError: true });
  expect(await readdir(join(host, "甲/.memory"))).not.toContain("项目");
});

test("what cannot be remembered is said with the reason", async () => {
  for (const path of ["../../乙/.memory/x.md", ".versions/x.md", "a/b/c/d/e.md", "x.md/y.md", "\\x.md", ""])
    expect(await remember({ path, content: "x" })).toMatchObject({ isError: true });
  expect(await remember({ content: " " })).toMatchObject({ isError: true });
  expect(await remember({ content: "字".repeat(30_000) })).toMatchObject({
    content: expect.stringMatching(/at most 65536 bytes/),
    isError: true,
  });
  expect(await remember({ path: "没有.md", mode: "delete" })).toMatchObject({ isError: true });
  expect(await readdir(join(host, "甲")).catch(() => [])).toEqual([]);
});

test("all of memory together has a limit", async () => {
  for (let index = 0; index < 16; index++) await put(`甲/.memory/${index}.md`, "x".repeat(65_536));
  await expect(writeMemory(root, "多.md", "agent", () => "x")).rejects.toMatchObject({ code: "too_large" });
  await writeMemory(root, "0.md", "agent", () => "短");
  await writeMemory(root, "多.md", "agent", () => "x");
});

test("each version is kept with who wrote it, what the person wrote in the files themselves included", async () => {
  await writeMemory(root, "a.md", "agent", () => "一");
  await put("甲/.memory/a.md", "手改");
  await writeMemory(root, "a.md", "person", () => "三");
  await writeMemory(root, "a.md", "person", () => "三");
  const { versions } = await readMemoryFile(root, "a.md");
  expect(versions.map(({ by, size }) => [by, size])).toEqual([
    ["person", 3],
    ["unknown", 6],
    ["agent", 3],
  ]);
  const texts = await Promise.all(
    versions.map(async ({ version }) => (await readMemoryFile(root, "a.md", version)).content),
  );
  expect(texts).toEqual(["三", "手改", "一"]);
  for (const version of ["没有", "../a", "../../../乙/秘密"])
    await expect(readMemoryFile(root, "a.md", version)).rejects.toMatchObject({ code: "memory_not_found" });
});

test("versions outlive their file, are bounded, and can be erased", async () => {
  for (let index = 0; index < 22; index++)
    await writeMemory(root, "项目/a.md", "agent", () => `第${index}版`);
  await removeMemory(root, "项目/a.md", { erase: false });
  const { files, deleted } = await readIndex(root);
  expect(files).toEqual([]);
  expect(deleted.map(({ path, versions }) => [path, versions.length])).toEqual([["项目/a.md", 20]]);
  const newest = deleted[0]?.versions[0]?.version ?? "";
  expect((await readMemoryFile(root, "项目/a.md", newest)).content).toBe("第21版");
  await removeMemory(root, "项目/a.md", { erase: true });
  expect((await readIndex(root)).deleted).toEqual([]);
  await expect(removeMemory(root, "项目/a.md", { erase: true })).rejects.toMatchObject({
    code: "memory_not_found",
  });
});

test("facts that many runs remember at once are all there", async () => {
  const facts = Array.from({ length: 12 }, (_, index) => `- 事实 ${index}`);
  await Promise.all(facts.map((content) => remember({ content })));
  expect((await inMemory("MEMORY.md")).trimEnd().split("\n").sort()).toEqual(facts.sort());
});

test("AGENTS.md of a directory is its instructions, bounded, and a link to elsewhere is none", async () => {
  const directory = root.child("任务");
  expect(await readInstructions(directory)).toBe("");
  await put("甲/任务/AGENTS.md", "用表格\n");
  expect(await readInstructions(directory)).toBe("用表格");
  expect(describeDirectoryInstructions("用表格")).toMatch(/^# AGENTS\.md\n\n[\s\S]*用表格$/);
  await put("甲/任务/AGENTS.md", "长".repeat(20_000));
  const long = await readInstructions(directory);
  expect(Buffer.byteLength(long)).toBeLessThan(33_000);
  expect(long).toMatch(/长\n\[cut here: AGENTS\.md is longer/);
  await put("甲/任务/AGENTS.md", "\0");
  expect(await readInstructions(directory)).toBe("");
  await rm(join(host, "甲/任务/AGENTS.md"));
  await put("乙/秘密.md", "别人的");
  await symlink("../../乙/秘密.md", join(host, "甲/任务/AGENTS.md"));
  expect(await readInstructions(directory)).toBe("");
});
