import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FileTools, openFileTools } from "../../../../test/support/file-tools.ts";

let files: FileTools;
beforeEach(async () => {
  files = await openFileTools();
});
afterEach(() => files.remove());

const call: FileTools["call"] = (...given) => files.call(...given);
const put: FileTools["put"] = (...given) => files.put(...given);

function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `第${index + 1}行\n`).join("");
}

test("an edit replaces exactly what was named, dollar signs included", async () => {
  await put("价.md", "单价：10元\n总价：20元\n");
  const outcome = await call("edit", { path: "价.md", old_text: "20元", new_text: "$& $1" });
  expect(outcome.content).toBe(
    "Edited 价.md: one replacement, on line 2.\n@@ -1 +1 @@\n  单价：10元\n- 总价：20元\n+ 总价：$& $1",
  );
  expect(await readFile(join(files.host, "价.md"), "utf8")).toBe("单价：10元\n总价：$& $1\n");
});

test("an edit of a passage that occurs several times says where, and replaces all only when told", async () => {
  await put("重.md", "旧\n新\n旧\n旧旧\n");
  const edit = { path: "重.md", old_text: "旧", new_text: "改" };
  expect(await call("edit", edit)).toMatchObject({
    content: expect.stringMatching(/4 times, on lines 1, 3, 4, 4;/),
    isError: true,
  });
  expect((await call("edit", { ...edit, replace_all: true })).content).toMatch(/4 replacements/);
  expect(await readFile(join(files.host, "重.md"), "utf8")).toBe("改\n新\n改\n改改\n");
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
      files.forget();
      await put("叠.txt", text);
      await call("edit", { path: "叠.txt", old_text: passage, new_text: "水", replace_all: true });
      expect(await readFile(join(files.host, "叠.txt"), "utf8")).toBe(text.split(passage).join("水"));
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
  expect(await readFile(join(files.host, "视窗.txt"), "utf8")).toBe("甲\r\n乙\r\n三\r\n");
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
  expect((await edit("9\t总计(元),不合格")).content).toMatch(/Leave out the line numbers/);
  expect((await edit("qwertyuiop")).content).toMatch(/No passage of the file is similar/);
});
