import { expect, test } from "vitest";
import { setUpFileTools } from "../../../../test/support/file-tools.ts";

const files = setUpFileTools();
const { call, put } = files;

test("a list shows folders first, then files with sizes, within its bound", async () => {
  await put("乙.txt", "12345");
  await put("子/丙.txt", "");
  expect((await call("list", {})).content).toBe("子/\n乙.txt (5 bytes)");
  await Promise.all(Array.from({ length: 510 }, (_, index) => put(`多/${index}`, "")));
  const { content } = await call("list", { path: "多" });
  expect(content.split("\n")).toHaveLength(501);
  expect(content).toMatch(/\[500 of 510 entries shown/);
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

test("grep gives files, counts, lines around, and a part of the results", async () => {
  await put("甲.txt", "一\n找到\n三\n四\n五\n找到\n");
  await put("乙.txt", "找到\n");
  const grep = async (more: Record<string, unknown>) =>
    (await call("grep", { pattern: "找到", ...more })).content;
  expect(await grep({ output: "files" })).toBe("乙.txt\n甲.txt");
  expect(await grep({ output: "count" })).toBe("乙.txt:1\n甲.txt:2");
  expect(await grep({ context: 1, path: "甲.txt" })).toBe(
    "甲.txt-1-一\n甲.txt:2:找到\n甲.txt-3-三\n--\n甲.txt-5-五\n甲.txt:6:找到",
  );
  expect(await grep({ limit: 1, offset: 1 })).toMatch(
    /^甲.txt:2:找到\n\[matches 2-2 of 3; continue with offset 2/,
  );
  expect(await grep({ offset: 9 })).toMatch(/only 3 results/);
  expect(await grep({ pattern: "三.四", multiline: true })).toBe("甲.txt:3:三\n甲.txt-4-四");
});

test("grep takes what other agents' search tools are called with", async () => {
  await put("甲.txt", "Needle\n");
  const grep = async (more: Record<string, unknown>) =>
    (await call("grep", { pattern: "needle", ...more })).content;
  expect(await grep({ "-i": true, output_mode: "files_with_matches", head_limit: 5 })).toBe("甲.txt");
  expect(await grep({ "-i": true, output_mode: "content", "-n": true, "-C": 2, include: "*.txt" })).toBe(
    "甲.txt:1:Needle",
  );
});

test("what zcbot keeps in a directory is searched and read by its path only", async () => {
  await put(".zcbot/results/长.txt", "找到\n");
  expect((await call("list", {})).content).toBe(". is an empty folder.");
  expect((await call("grep", { pattern: "找到" })).content).toMatch(/^No line/);
  expect((await call("grep", { pattern: "找到", path: ".zcbot/results/长.txt" })).content).toContain(
    ":1:找到",
  );
});
