import { readFile, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { setUpFileTools } from "../../../../test/support/file-tools.ts";

const files = setUpFileTools();
const { call, put } = files;
const text = (path: string) => readFile(join(files.host, path), "utf8");

test("writing makes folders, and says whether it created or replaced", async () => {
  const created = await call("write", { path: "新/文.md", content: "很长的旧内容" });
  expect(created).toMatchObject({ content: "Created 新/文.md (18 bytes).", isError: false });
  const replaced = await call("write", { path: "新/文.md", content: "新" });
  expect(replaced).toMatchObject({ content: "Replaced 新/文.md (3 bytes).", isError: false });
  expect(await text("新/文.md")).toBe("新");
});

test("a file that was changed since it was read is not edited, and what changed is shown", async () => {
  await put("计划.md", "一月\n二月\n三月\n");
  await call("read", { path: "计划.md" });
  await put("计划.md", "一月\n二月改\n三月\n");
  const edit = { path: "./计划.md", edits: [{ old_text: "三月", new_text: "四月" }] };
  const refused = await call("edit", edit);
  expect(refused.isError).toBe(true);
  expect(refused.content).toMatch(/^计划.md has changed since you last saw it/);
  expect(refused.content).toContain("@@ -1 +1 @@\n  一月\n- 二月\n+ 二月改\n  三月\n");
  expect(await text("计划.md")).toBe("一月\n二月改\n三月\n");
  // What was shown counts as seen.
  expect(await call("edit", edit)).toMatchObject({ isError: false });
  expect(await text("计划.md")).toBe("一月\n二月改\n四月\n");
});

test("a file that was changed since it was read in part, written or edited is not written over", async () => {
  await put("甲.md", "一\n二\n三\n");
  await call("read", { path: "甲.md", offset: 2, limit: 1 });
  await call("write", { path: "乙.md", content: "我写的" });
  await call("write", { path: "丙.md", content: "我写的" });
  await call("edit", { path: "丙.md", edits: [{ old_text: "我", new_text: "你" }] });
  for (const path of ["甲.md", "乙.md", "丙.md"]) {
    await put(path, "别人的");
    const refused = await call("write", { path, content: "新" });
    expect(refused).toMatchObject({ isError: true, content: expect.stringContaining("+ 别人的") });
    expect(await text(path)).toBe("别人的");
    expect(await call("write", { path, content: "新" })).toMatchObject({ isError: false });
  }
});

test("one's own changes are no changes, however the path is spelled", async () => {
  await put("深/文.md", "一\n二\n");
  await symlink("深/文.md", join(files.host, "链.md"));
  await call("read", { path: "链.md" });
  const edit = (path: string, old_text: string) =>
    call("edit", { path, edits: [{ old_text, new_text: `${old_text}改` }] });
  for (const path of ["深/文.md", "./深/../深//文.md", `${files.host}/深/文.md`, "链.md"]) {
    expect(await edit(path, "一")).toMatchObject({ isError: false });
  }
  expect(await call("write", { path: "深/文.md", content: "全新" })).toMatchObject({ isError: false });
});

test("a link that leads elsewhere since is another file", async () => {
  await put("一.md", "一");
  await put("二.md", "二");
  await symlink("一.md", join(files.host, "链.md"));
  await call("read", { path: "链.md" });
  await rm(join(files.host, "链.md"));
  await symlink("二.md", join(files.host, "链.md"));
  expect(await call("write", { path: "链.md", content: "新" })).toMatchObject({ isError: true });
  expect(await text("二.md")).toBe("二");
});

test("a file that was never seen is not written over at the first try", async () => {
  await put("旧.md", "重要的内容\n");
  const refused = await call("write", { path: "旧.md", content: "新" });
  expect(refused.isError).toBe(true);
  expect(refused.content).toMatch(/exists already.*nothing was written. It holds:\n重要的内容\n/);
  expect(await text("旧.md")).toBe("重要的内容\n");
  expect(await call("write", { path: "旧.md", content: "新" })).toMatchObject({ isError: false });
  await put("图.bin", "\0\x01");
  expect((await call("write", { path: "图.bin", content: "新" })).content).toMatch(/It is no text/);
});

test("an empty file, and one that holds the very text, may be written over unseen", async () => {
  await put("空.md", "");
  await put("同.md", "同");
  expect(await call("write", { path: "空.md", content: "有" })).toMatchObject({ isError: false });
  // So it is when a write is done again after a crash.
  expect(await call("write", { path: "同.md", content: "同" })).toMatchObject({ isError: false });
});

test("a file that was deleted or moved since is said to be", async () => {
  await call("write", { path: "甲.md", content: "甲" });
  await call("write", { path: "乙.md", content: "乙" });
  await rm(join(files.host, "甲.md"));
  await rename(join(files.host, "乙.md"), join(files.host, "丙.md"));
  const edited = await call("edit", { path: "甲.md", edits: [{ old_text: "甲", new_text: "a" }] });
  expect(edited.content).toMatch(/deleted or moved since/);
  const written = await call("write", { path: "乙.md", content: "又" });
  expect(written).toMatchObject({
    isError: false,
    content: expect.stringMatching(/^Created .* deleted or moved/),
  });
  const unknown = await call("edit", { path: "无.md", edits: [{ old_text: "甲", new_text: "a" }] });
  expect(unknown.content).toBe("There is no file 无.md. Find it with glob, or create it with write.");
});

test("an edit needs no reading first, as it says what it finds", async () => {
  await put("文.md", "一二三");
  const edit = { path: "文.md", edits: [{ old_text: "二", new_text: "2" }] };
  expect(await call("edit", edit)).toMatchObject({ isError: false });
});

test("a change is noticed also where it cannot be shown, and in files of any size", async () => {
  await put("大.log", `${"行\n".repeat(3_000_000)}`);
  await call("read", { path: "大.log", limit: 2 });
  await put("大.log", `${"行\n".repeat(3_000_000)}尾`);
  const refused = await call("write", { path: "大.log", content: "新" });
  expect(refused.content).toMatch(/has changed .* cannot be shown; read the file again/);
  expect(await call("write", { path: "大.log", content: "新" })).toMatchObject({ isError: false });
});

test("of two who change the same version at once one is refused", async () => {
  await put("共.md", "底稿\n");
  await call("read", { path: "共.md" });
  const edit = (old_text: string, new_text: string) =>
    call("edit", { path: "共.md", edits: [{ old_text, new_text }] });
  const outcomes = await Promise.all([edit("底稿", "甲的"), edit("底稿", "乙的")]);
  expect(outcomes.map(({ isError }) => isError).sort()).toEqual([false, true]);
});

test("a difference is bounded, and exact where it is shown", async () => {
  await put("长.txt", Array.from({ length: 800 }, (_, index) => `第${index}行`).join("\n"));
  await call("read", { path: "长.txt" });
  await put(
    "长.txt",
    Array.from({ length: 800 }, (_, index) => `${index % 3 ? "第" : "改"}${index}行`).join("\n"),
  );
  const { content } = await call("edit", { path: "长.txt", edits: [{ old_text: "第1行", new_text: "x" }] });
  expect(content.split("\n").length).toBeLessThan(130);
  expect(content).toMatch(/more lines of difference\]/);
  expect(content).toMatch(/- 第0行\n\+ 改0行\n {2}第1行\n {2}第2行\n- 第3行/);
});

test("a file may be called as what every object has", async () => {
  expect((await call("write", { path: "别的.md", content: "别的" })).isError).toBe(false);
  const created = await call("write", { path: "constructor", content: "一" });
  expect(created.content).toBe("Created constructor (3 bytes).");
  await call("write", { path: "别的.md", content: "又一个" });
  expect(await call("write", { path: "constructor", content: "二" })).toMatchObject({ isError: false });
});
