import fc from "fast-check";
import { expect, test } from "vitest";
import { simpleName } from "../protocol/text.ts";
import { nameAfter } from "./name-after.ts";

test("a name made of a message reads like its first line", () => {
  expect(nameAfter("  总结 reports/2026 ..的报告\n第二行")).toBe("总结 reports 2026 的报告");
  expect(nameAfter(".env 里有什么？")).toBe("env 里有什么？");
  expect(nameAfter("…/…")).toBe("… …");
  expect(nameAfter("../")).toBe("task");
});

test("a name made of any message is one that tasks and directories may have", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({
      unit: fc.constantFrom(".", "/", "\\", " ", "\0", "\u0085", "\u00a0", "的", "👩‍👩‍👧", "\ud800", "\n"),
    }),
  );
  fc.assert(
    fc.property(text, (message) => {
      const name = nameAfter(message);
      expect(simpleName.safeParse(name)).toMatchObject({ success: true, data: name });
      expect(name.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    }),
    { numRuns: 2_000 },
  );
});
