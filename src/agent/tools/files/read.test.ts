import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDocx, makePdf, makeWorkbook } from "../../../../test/support/documents.ts";
import { numbered, setUpFileTools } from "../../../../test/support/file-tools.ts";
import { facts } from "../../../../test/support/scripted-agent.ts";
import type { Directory, OpenedFile } from "../../../workspace/directory.ts";
import { readKept } from "../../../workspace/kept/kept-content.ts";

const files = setUpFileTools();
const { call, put } = files;

test("a file is read with line numbers", async () => {
  await put("文件夹/说明.md", "第一行\r\n第二行");
  expect(await call("read", { path: "文件夹/说明.md" })).toMatchObject({
    content: "1\t第一行\n2\t第二行",
    isError: false,
  });
});

test("a long file is read in parts that say how to go on", async () => {
  await put("长.txt", numbered(5321));
  const first = await call("read", { path: "长.txt" });
  expect(first.content).toMatch(/^1\t第1行\n/);
  expect(first.content).toMatch(/\n\[lines 1-2000 of 5321 shown; continue with offset 2001\]$/);
  const last = await call("read", { path: "长.txt", offset: 5320, limit: 50 });
  expect(last.content).toBe("5320\t第5320行\n5321\t第5321行\n[lines 5320-5321 of 5321 shown]");
  expect(await call("read", { path: "长.txt", offset: 6000 })).toMatchObject({ isError: true });
});

test("what is read stays within its bounds, however long the lines are", async () => {
  await put("宽.txt", `${"宽".repeat(100_000)}\n`.repeat(30));
  const { content } = await call("read", { path: "宽.txt" });
  expect(Buffer.byteLength(content)).toBeLessThan(50_000);
  expect(content).toMatch(/\[line cut here\]\n/);
  expect(content).toMatch(/of 30 shown; continue with offset/);
});

test("a character on the border of two chunks is whole", async () => {
  await put("边界.txt", `ab${"字".repeat(900)}\n`.repeat(60));
  const { content } = await call("read", { path: "边界.txt", offset: 24, limit: 4 });
  expect(content).not.toContain("\uFFFD");
  expect(content.match(/字{900}/g)).toHaveLength(4);
});

test("Chinese text in GB18030 or UTF-16 is decoded and said to be", async () => {
  await put("旧.csv", Uint8Array.from([0xd6, 0xd0, 0xce, 0xc4, 0x0a]));
  expect((await call("read", { path: "旧.csv" })).content).toBe("1\t中文\n[decoded from gb18030]");
  await put("宽字符.txt", Buffer.from("\uFEFF中文", "utf16le"));
  expect((await call("read", { path: "宽字符.txt" })).content).toBe("1\t中文\n[decoded from utf-16le]");
});

test("a file that is no text is refused with its kind and size", async () => {
  await put("库.db", Buffer.concat([Buffer.from("SQLite format 3\0"), Buffer.alloc(50)]));
  const outcome = await call("read", { path: "库.db" });
  expect(outcome).toEqual({ content: "库.db is not text but an SQLite database, 66 bytes.", isError: true });
});

const png = Buffer.concat([
  Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x10", "latin1"),
  Buffer.alloc(26),
]);
const [seeing, blind] = [true, false].map((vision) => ({ model: { facts: { ...facts, vision } } }));

test("a model that sees is shown a picture, another is told what it is", async () => {
  await put("图/照片.png", png);
  const shown = await call("read", { path: "图/照片.png" }, seeing);
  expect(shown).toMatchObject({
    content: "[图/照片.png: image/png, 32 x 16 pixels, 50 bytes]",
    isError: false,
    notes: { images: [{ media_type: "image/png", name: "照片.png" }] },
  });
  const hash = shown.notes?.images?.[0]?.hash ?? "";
  expect(await readKept(files.userRoot, hash)).toEqual(png);
  expect(await call("read", { path: "图/照片.png" }, blind)).toEqual({
    content: "图/照片.png: image/png, 32 x 16 pixels, 50 bytes. You cannot be shown pictures.",
    isError: true,
  });
});

test("a picture that no provider takes is refused with what to do", async () => {
  await put("大.png", Buffer.concat([png, Buffer.alloc(4_000_000)]));
  expect((await call("read", { path: "大.png" }, seeing)).content).toMatch(/larger than .* smaller copy/);
  await put("更大.png", Buffer.concat([png, Buffer.alloc(9_000_000)]));
  expect(await call("read", { path: "更大.png" }, seeing)).toMatchObject({ isError: true });
});

test("documents are read as text, in part where that is asked for", async () => {
  await put("报告.docx", await makeDocx());
  expect((await call("read", { path: "报告.docx" })).content).toMatch(/^\[Word document.*\n# 年度报告\n/);
  await put("书.pdf", makePdf([["第一页"], ["第二页"], ["第三页"]]));
  expect((await call("read", { path: "书.pdf", pages: "2-" })).content).toBe(
    "[PDF, 3 pages]\n## Page 2\n第二页\n\n## Page 3\n第三页\n\n[pages 2-3 of 3 shown]",
  );
  expect((await call("read", { path: "书.pdf", pages: 3 })).content).toContain("第三页");
  expect(await call("read", { path: "书.pdf", pages: "7-3" })).toMatchObject({ isError: true });
  expect((await call("read", { path: "书.pdf", pages: "9" })).content).toMatch(/has only 3 pages/);
  expect((await call("read", { path: "书.pdf", offset: 90 })).content).toMatch(/ends before line 90/);
  await put("账.xlsx", makeWorkbook({ 收入: [["年", 1]], 支出: [["年", 2]] }));
  expect((await call("read", { path: "账.xlsx", sheet: "支出" })).content).toContain("1\t年\t2");
  await put("坏.docx", "PK\x03\x04");
  expect(await call("read", { path: "坏.docx" })).toMatchObject({ isError: true });
});

test("a large table as text says that programs are better at it", async () => {
  await put("表.csv", "一,二\n".repeat(3_000));
  expect((await call("read", { path: "表.csv" })).content).toMatch(/with a program in bash\]$/);
});

test("a file is closed again, whether it could be read or not", async () => {
  await put("甲.txt", "甲");
  await put("乙.bin", "\0");
  const opened: OpenedFile[] = [];
  const watched: Directory = {
    ...files.directory,
    async open(path) {
      const file = await files.directory.open(path);
      opened.push(file);
      return file;
    },
  };
  for (const path of ["甲.txt", "乙.bin"]) await call("read", { path }, { directory: watched });
  expect(opened.map((file) => file.handle.fd)).toEqual([-1, -1]);
});

test("an empty file, a missing one and a folder are told apart", async () => {
  await put("空.txt", "");
  expect((await call("read", { path: "空.txt" })).content).toBe("空.txt is empty.");
  expect((await call("read", { path: "没有.txt" })).isError).toBe(true);
  expect((await call("read", { path: "." })).isError).toBe(true);
});

test.each(["../外面.txt", "/etc/passwd"])(
  "the path %s is refused as an answer, not a crash",
  async (path) => {
    for (const name of ["read", "list", "write", "edit", "grep", "glob"]) {
      const input = { path, content: "x", old_text: "a", new_text: "b", pattern: "**" };
      expect(await call(name, input)).toMatchObject({ isError: true });
    }
  },
);

test("an absolute path inside the directory is taken as relative", async () => {
  await call("write", { path: `${files.host}/子/甲.txt`, content: "甲" });
  expect(await readFile(join(files.host, "子/甲.txt"), "utf8")).toBe("甲");
  expect((await call("list", { path: files.host })).content).toBe("子/");
});
