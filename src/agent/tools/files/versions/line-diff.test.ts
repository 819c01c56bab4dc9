import fc from "fast-check";
import { expect, test } from "vitest";
import { diffLines } from "./line-diff.ts";

/** What becomes of the text by the difference. */
function apply(before: string, difference: string): string[] {
  const old = before.split("\n");
  if (old.at(-1) === "") old.pop();
  const now: string[] = [];
  let next = 0;
  for (const row of difference.split("\n")) {
    const [, line] = /^@@ -(\d+) \+\d+ @@$/.exec(row) ?? [];
    if (line !== undefined) {
      now.push(...old.slice(next, Number(line) - 1));
      next = Number(line) - 1;
      continue;
    }
    if (!row.startsWith("+")) expect(row.slice(2)).toBe(old[next++]);
    if (!row.startsWith("-")) now.push(row.slice(2));
  }
  return [...now, ...old.slice(next)];
}

const texts = fc.array(fc.constantFrom("甲", "乙", "", "丙丁"), { maxLength: 30 });

test("a difference leads from one text to the other, and the line numbers are right", () => {
  fc.assert(
    fc.property(texts, texts, texts, (head, middle, other) => {
      const before = `${[...head, ...middle, ...head].join("\n")}\n`;
      const after = `${[...head, ...other, ...head].join("\n")}\n`;
      fc.pre(before !== after && before.length > 1 && after.length > 1);
      const difference = diffLines(before, after, 1_000);
      const lines = after.split("\n").slice(0, -1);
      expect(apply(before, difference)).toEqual(lines);
      for (const [, line, row] of difference.matchAll(/^@@ -\d+ \+(\d+) @@\n {2}(.*)$/gm)) {
        expect(lines[Number(line) - 1]).toBe(row);
      }
    }),
    { numRuns: 300 },
  );
});

test("a difference shows the lines around, is bounded, and leaves out what is alike", () => {
  const lines = Array.from({ length: 300_000 }, (_, index) => `第${index + 1}行`);
  const before = lines.join("\n");
  const after = lines.with(200_000, "改").join("\n");
  expect(diffLines(before, after, 10)).toBe(
    "@@ -199999 +199999 @@\n  第199999行\n  第200000行\n- 第200001行\n+ 改\n  第200002行\n  第200003行",
  );
  expect(diffLines(before, "另一个", 10)).toBe("[too much differs to be shown]");
  expect(diffLines("一", "一\n", 10)).toBe("@@ -1 +1 @@\n- 一\n+ 一");
  expect(diffLines("一", "一", 10)).toBe("");
});
