import { expect, test } from "vitest";
import { beginContext } from "./context-record.ts";
import { noteChanges } from "./note-changes.ts";

const memory = ["# Memory", ...Array.from({ length: 20 }, (_, line) => `- [笔记${line}](${line}.md): 内容`)];
const record = beginContext([
  { name: "How you work", text: "做事" },
  { name: "Memory", text: memory.join("\n") },
]);

function now(lines: string[], more: { name: string; text: string }[] = []) {
  return [{ name: "How you work", text: "做事" }, { name: "Memory", text: lines.join("\n") }, ...more];
}

test("where nothing has changed there is no note", () => {
  expect(noteChanges(record, now(memory), 4)).toBe(record);
});

test("a small change is told line by line, with the message it came before, and only once", () => {
  const lines = [...memory.filter((line) => !line.includes("笔记3]")), "- [新](新.md): 喜欢表格"];
  const noted = noteChanges(record, now(lines), 6);
  expect(noted.sections).toBe(record.sections);
  expect(noted.notes).toEqual([{ idx: 6, text: expect.stringContaining("- [新](新.md): 喜欢表格") }]);
  expect(noted.notes[0]?.text).toContain("Lines that no longer hold:\n- [笔记3](3.md): 内容");
  expect(noted.notes[0]?.text).not.toContain("笔记4");
  expect(noteChanges(noted, now(lines), 9)).toBe(noted);
  expect(noteChanges(noted, now(memory), 9).notes).toHaveLength(2);
});

test("what is new, what is different altogether and what is gone is told whole", () => {
  const noted = noteChanges(record, now(["# Memory", "全新"], [{ name: "Directory", text: "写中文" }]), 2);
  expect(noted.notes[0]?.text).toContain('"Memory" is now:\n\n# Memory\n全新');
  expect(noted.notes[0]?.text).toContain('"Directory" is now:\n\n写中文');
  const gone = noteChanges(noted, now(["# Memory", "全新"]), 4);
  expect(gone.notes[1]?.text).toContain('"Directory" no longer holds');
});
