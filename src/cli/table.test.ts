import { expect, test } from "vitest";
import { formatTable } from "./table.ts";

test("columns stand below each other, also of Chinese characters, each row on a line of its own", () => {
  const rows = [
    ["合同", "1", "一\n二"],
    ["report", "20"],
  ];
  expect(formatTable(rows)).toBe("合同    1   一 二\nreport  20\n");
  expect(formatTable([])).toBe("");
});

test("a name cannot move the cursor", () => {
  expect(formatTable([["坏\u001b[2J名"]])).toBe("坏 [2J名\n");
});
