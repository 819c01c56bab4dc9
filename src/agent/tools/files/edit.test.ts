import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { numbered, setUpFileTools } from "../../../../test/support/file-tools.ts";

const files = setUpFileTools();
const { call, put } = files;

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

const edits = (path: string, ...pairs: [old_text: string, new_text: string][]) =>
  call("edit", { path, edits: pairs.map(([old_text, new_text]) => ({ old_text, new_text })) });
const text = (path: string) => readFile(join(files.host, path), "utf8");

test("several edits are made one after the other, or none of them", async () => {
  await put("多.md", "一\n二\n三\n");
  const done = await edits("多.md", ["一", "甲"], ["甲\n二", "甲\n乙"]);
  expect(done.content).toMatch(
    /^Edited 多.md: edit 1 of 2: .* line 1\.\nedit 2 of 2: .* line 1\.\n@@ -1 \+1 @@\n/,
  );
  expect(await text("多.md")).toBe("甲\n乙\n三\n");
  const failed = await edits("多.md", ["三", "丙"], ["没有", "x"]);
  expect(failed).toMatchObject({
    isError: true,
    content: expect.stringMatching(/^edit 2 of 2: old_text is not in/),
  });
  expect(await text("多.md")).toBe("甲\n乙\n三\n");
});

test("a single edit, a list as text, and other agents' names are taken as meant", async () => {
  await put("名.md", "一二三");
  await call("edit", { path: "名.md", old_text: "一", new_text: "1", replace_all: true });
  await call("edit", { file_path: "名.md", edits: JSON.stringify([{ old_string: "二", new_string: "2" }]) });
  await call("edit", { path: "名.md", edits: [{ oldText: "三", newText: "3" }] });
  expect(await text("名.md")).toBe("123");
});

test("punctuation, blanks at line ends and line numbers may differ where that leaves one place, and it is said", async () => {
  await put("引.md", "他说：“你好，世界”　。  \n第二行\u00a0尾 \n");
  const quotes = await edits("引.md", ['他说:"你好,世界" 。\n第二行', '他说:"再见,世界" 。\n第二行']);
  expect(quotes.content).toMatch(
    /old_text differed from the file in blanks at line ends, or the form of quotes/,
  );
  // What was not to be changed stays as it was, its quotes included.
  expect(await text("引.md")).toBe("他说：“再见，世界”　。  \n第二行\u00a0尾 \n");
  await edits("引.md", ["2\t第二行 尾", "2\t第二行"]);
  expect(await text("引.md")).toBe("他说：“再见，世界”　。  \n第二行\u00a0尾 \n");
  const numbered = await edits("引.md", ["2\t第二行\u00a0尾", "2\t末行\n3\t完"]);
  expect(numbered.content).toMatch(/the line numbers, which are not part of the file/);
  expect(await text("引.md")).toBe("他说：“再见，世界”　。  \n末行\n完 \n");
});

test("the indentation may differ where it does so everywhere in the same way, and the file's is kept", async () => {
  await put("缩.py", "def f():\n\tif x:\n\t\treturn 1\n\treturn 2\n");
  const done = await edits("缩.py", [
    "    if x:\n        return 1",
    "    if x:\n        y()\n        return 3",
  ]);
  expect(done.content).toMatch(/the indentation, which was kept/);
  expect(await text("缩.py")).toBe("def f():\n\tif x:\n\t\ty()\n\t\treturn 3\n\treturn 2\n");
  await put("缩.js", "  if (a) {\n    b();\n  }\n");
  await edits("缩.js", ["if (a) {\n  b();\n}\n", "if (a) {\n  if (c) {\n    b();\n  }\n}\n"]);
  expect(await text("缩.js")).toBe("  if (a) {\n    if (c) {\n      b();\n    }\n  }\n");
});

test("a passage that would fit loosely in several places is not replaced", async () => {
  await put("双.md", '“一”\n"一"  \n');
  expect(await edits("双.md", ["＂一＂", "x"])).toMatchObject({ isError: true });
  await put("双.py", "  a()\n    a()\n");
  files.forget();
  expect(await edits("双.py", ["\ta()", "b()"])).toMatchObject({ isError: true });
});

test("what an edit is loosely looked for in may be as unkind as it likes", async () => {
  const blanks = `${" ".repeat(400_000)}x\n`;
  await put("空.txt", blanks);
  expect(await edits("空.txt", [`y${" ".repeat(100_000)}`, "x"])).toMatchObject({ isError: true });
  await put("同.txt", "同\n".repeat(200_000));
  expect(await edits("同.txt", [`${" 同\n".repeat(100_000)}异`, "x"])).toMatchObject({ isError: true });
});
