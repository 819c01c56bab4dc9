import { expect, test } from "vitest";
import { Notice } from "../../protocol/event.ts";
import { chinese } from "./chinese.ts";
import { english } from "./english.ts";
import { placeholdersOf, translate } from "./translate.ts";

test("both languages have the same texts, in the same order", () => {
  expect(Object.keys(chinese)).toEqual(Object.keys(english));
});

test("a text takes the same values in both languages", () => {
  for (const key of Object.keys(english) as (keyof typeof english)[]) {
    const [given, taken] = [placeholdersOf(english[key]), placeholdersOf(chinese[key])];
    expect({ key, values: [...taken].sort() }).toEqual({ key, values: [...given].sort() });
  }
});

test("each notice of a run has a text", () => {
  expect(Object.keys(english)).toEqual(
    expect.arrayContaining(Notice.options.map((code) => `notice.${code}`)),
  );
});

test("no text is empty", () => {
  for (const text of [...Object.values(english), ...Object.values(chinese)]) {
    expect(text.trim()).not.toBe("");
  }
});

test("a text follows its number", () => {
  expect(translate("{count} {count|file|files}", { count: 1 })).toBe("1 file");
  expect(translate("{count} {count|file|files}", { count: 0 })).toBe("0 files");
  expect(translate("删除“{name}”？", { name: "合同 {count}.docx" })).toBe("删除“合同 {count}.docx”？");
});
