import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { toolContext } from "../../../test/support/tool-context.ts";
import type { Directory, OpenedFile } from "../../workspace/directory.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import { findLauncher, plainSandbox } from "../../workspace/sandbox/plain.ts";
import type { ToolContext, ToolOutcome } from "./tool.ts";
import { createTools } from "./tools.ts";

const sandbox = plainSandbox(await findLauncher(), "off", []);
const tools = createTools({ bash: true, maxCommandMs: 1_800_000 });
let host: string;
let directory: Directory;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-工具-"));
  directory = await openDirectory(host);
});

afterEach(() => rm(host, { recursive: true }));

async function call(
  name: string,
  input: Record<string, unknown>,
  more: Partial<ToolContext> = {},
): Promise<ToolOutcome> {
  const tool = tools.find((each) => each.definition.name === name);
  if (!tool) throw new Error(`no tool ${name}`);
  return tool.execute(input, toolContext(directory, sandbox, more));
}

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(join(host, path, ".."), { recursive: true });
  await writeFile(join(host, path), content);
}

function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `第${index + 1}行\n`).join("");
}

test("the tools are offered in a fixed order, and bash only where commands may run", () => {
  const names = (bash: boolean): string[] =>
    createTools({ bash, maxCommandMs: 1_800_000 }).map((tool) => tool.definition.name);
  expect(names(true)).toEqual([
    "read",
    "list",
    "glob",
    "grep",
    "write",
    "edit",
    "todo",
    "ask",
    "bash",
    "process",
  ]);
  expect(names(false)).not.toContain("bash");
});

test("every tool describes its parameters as a JSON Schema object", () => {
  for (const { definition } of tools) {
    expect(definition.parameters).toMatchObject({ type: "object", properties: expect.anything() });
    expect(JSON.stringify(definition.parameters)).not.toMatch(/\$schema|9007199254740991/);
  }
  expect(tools[0]?.definition.parameters).toMatchObject({ required: ["path"] });
});

test("a file is read with line numbers", async () => {
  await put("文件夹/说明.md", "第一行\r\n第二行");
  expect(await call("read", { path: "文件夹/说明.md" })).toEqual({
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
  await put("图.png", Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.alloc(50)]));
  const outcome = await call("read", { path: "图.png" });
  expect(outcome).toEqual({ content: "图.png is not text but a PNG image, 58 bytes.", isError: true });
});

test("a file is closed again, whether it could be read or not", async () => {
  await put("甲.txt", "甲");
  await put("乙.bin", "\0");
  const opened: OpenedFile[] = [];
  const watched: Directory = {
    ...directory,
    async open(path) {
      const file = await directory.open(path);
      opened.push(file);
      return file;
    },
  };
  const [read] = tools;
  for (const path of ["甲.txt", "乙.bin"]) {
    await read?.execute({ path }, toolContext(watched, sandbox));
  }
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
  await call("write", { path: `${directory.hostPath}/子/甲.txt`, content: "甲" });
  expect(await readFile(join(host, "子/甲.txt"), "utf8")).toBe("甲");
  expect((await call("list", { path: directory.hostPath })).content).toBe("子/");
});

test("writing makes folders and replaces the whole file", async () => {
  await call("write", { path: "新/文.md", content: "很长的旧内容" });
  const outcome = await call("write", { path: "新/文.md", content: "新" });
  expect(outcome).toEqual({ content: "Wrote 新/文.md (3 bytes).", isError: false });
  expect(await readFile(join(host, "新/文.md"), "utf8")).toBe("新");
});

test("a list shows folders first, then files with sizes, within its bound", async () => {
  await put("乙.txt", "12345");
  await put("子/丙.txt", "");
  expect((await call("list", {})).content).toBe("子/\n乙.txt (5 bytes)");
  await Promise.all(Array.from({ length: 510 }, (_, index) => put(`多/${index}`, "")));
  const { content } = await call("list", { path: "多" });
  expect(content.split("\n")).toHaveLength(501);
  expect(content).toMatch(/\[500 of 510 entries shown/);
});

test("an edit replaces exactly what was named, dollar signs included", async () => {
  await put("价.md", "单价：10元\n总价：20元\n");
  const outcome = await call("edit", { path: "价.md", old_text: "20元", new_text: "$& $1" });
  expect(outcome.content).toBe("Edited 价.md: one replacement, on line 2.");
  expect(await readFile(join(host, "价.md"), "utf8")).toBe("单价：10元\n总价：$& $1\n");
});

test("an edit of a passage that occurs several times says where, and replaces all only when told", async () => {
  await put("重.md", "旧\n新\n旧\n旧旧\n");
  const edit = { path: "重.md", old_text: "旧", new_text: "改" };
  expect(await call("edit", edit)).toMatchObject({
    content: expect.stringMatching(/4 times, on lines 1, 3, 4, 4;/),
    isError: true,
  });
  expect((await call("edit", { ...edit, replace_all: true })).content).toMatch(/4 replacements/);
  expect(await readFile(join(host, "重.md"), "utf8")).toBe("改\n新\n改\n改改\n");
});

test("an edit names the lines of passages that are several lines long", async () => {
  await put("段.md", "甲\n乙\n\n甲\n乙\n甲\n乙");
  const { content } = await call("edit", { path: "段.md", old_text: "甲\n乙", new_text: "丙" });
  expect(content).toMatch(/3 times, on lines 1, 4, 6;/);
});

test("an edit replaces where a text's own split would, however the passage overlaps itself", async () => {
  const letters = fc.array(fc.constantFrom("a", "b"), { maxLength: 40 }).map((all) => all.join(""));
  await fc.assert(
    fc.asyncProperty(letters, letters, async (text, passage) => {
      fc.pre(passage !== "");
      await put("叠.txt", text);
      await call("edit", { path: "叠.txt", old_text: passage, new_text: "水", replace_all: true });
      expect(await readFile(join(host, "叠.txt"), "utf8")).toBe(text.split(passage).join("水"));
    }),
    { numRuns: 200 },
  );
});

test("an edit that changes nothing is refused", async () => {
  await put("同.md", "同");
  expect(await call("edit", { path: "同.md", old_text: "同", new_text: "同" })).toMatchObject({
    content: expect.stringMatching(/are the same/),
    isError: true,
  });
});

test("an edit keeps the carriage returns of a file", async () => {
  await put("视窗.txt", "一\r\n二\r\n三\r\n");
  await call("edit", { path: "视窗.txt", old_text: "一\n二", new_text: "甲\n乙" });
  expect(await readFile(join(host, "视窗.txt"), "utf8")).toBe("甲\r\n乙\r\n三\r\n");
});

test("an edit that finds nothing shows the nearest passage and how it differs", async () => {
  await put("文.md", `${numbered(8)}总计(元),合格\n  结论：好\n尾`);
  const edit = (old_text: string) => call("edit", { path: "文.md", old_text, new_text: "x" });
  expect((await edit("总计（元），合格\n结论：好")).content).toBe(
    [
      "old_text is not in 文.md; nothing was changed.",
      'The nearest passage is on lines 9-10 (it differs in whitespace or in the width of characters only); "-" is the file, "+" is old_text:',
      "- 9\t总计(元),合格",
      "+ 9\t总计（元），合格",
      "- 10\t  结论：好",
      "+ 10\t结论：好",
    ].join("\n"),
  );
  expect((await edit("第8行\n这一行很长但是文件里并没有\n  结论：好")).content).toMatch(
    /on lines 8-10;[\s\S]*\n {2}8\t第8行\n- 9/,
  );
  expect((await edit("总计(元),不合格")).content).toMatch(/- 9\t总计\(元\),合格\n\+ 9\t总计\(元\),不合格/);
  expect((await edit("9\t总计(元),合格")).content).toMatch(/Leave out the line numbers/);
  expect((await edit("qwertyuiop")).content).toMatch(/No passage of the file is similar/);
});

test("glob finds files by pattern, below a folder too", async () => {
  await put("报告.md", "");
  await put("子/深/总结.md", "");
  await put("子/图.png", "");
  expect((await call("glob", { pattern: "**/*.md" })).content.split("\n").sort()).toEqual([
    "子/深/总结.md",
    "报告.md",
  ]);
  expect((await call("glob", { pattern: "*.png", path: "子" })).content).toContain("子/图.png");
  expect(await call("glob", { pattern: "*.没有" })).toEqual({
    content: expect.stringMatching(/^No file/),
    isError: false,
  });
});

test("grep finds lines by regular expression, in a folder or a file", async () => {
  await put("子/账.txt", "收入 100\n支出 30\n收入 5\n");
  await put("账.md", "收入 7\n");
  const { content } = await call("grep", { pattern: "收入 \\d+", glob: "*.txt" });
  expect(content).toContain("子/账.txt:1:收入 100");
  expect(content).toContain("子/账.txt:3:收入 5");
  expect(content).not.toContain("账.md");
  expect((await call("grep", { pattern: "收入", path: "账.md" })).content).toContain("账.md:1:收入 7");
  expect((await call("grep", { pattern: "没有" })).content).toMatch(/^No line/);
  expect(await call("grep", { pattern: "(" })).toMatchObject({ isError: true });
});

test("a huge search result is cut and says so", async () => {
  await put("多.txt", `${"匹配".repeat(400)}\n`.repeat(3000));
  const { content } = await call("grep", { pattern: "匹配" });
  expect(Buffer.byteLength(content)).toBeLessThan(50_000);
  expect(content).toMatch(/\[.*narrow/);
});
