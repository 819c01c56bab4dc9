import { expect, test } from "vitest";
import { simpleName } from "../../protocol/text.ts";
import { directoryOf, nameFrom } from "./directory.ts";

test("a task's directory is relative to the user's root", () => {
  expect(directoryOf({ working_dir: "workspace/users/0190a000-0000-7000-8000-000000000001/合同" })).toBe(
    "合同",
  );
});

test("a task is named by the first words of its message", () => {
  expect(nameFrom("\n  整理三季度合同，列出金额\n然后……")).toBe("整理三季度合同，列出金额");
  expect(nameFrom("长".repeat(60))).toBe("长".repeat(40));
});

test("whatever is asked, the name keeps the rules for names or is empty", () => {
  const asked = [
    "../../etc",
    ".隐藏",
    "a/b\\c",
    "## 标题",
    "x..y",
    "\u0007铃",
    "   ",
    "...",
    "👩‍👩‍👧".repeat(30),
    "- - -",
    "a .",
  ];
  for (const message of asked) {
    const name = nameFrom(message);
    if (name !== "") expect(simpleName.safeParse(name).success).toBe(true);
  }
});
