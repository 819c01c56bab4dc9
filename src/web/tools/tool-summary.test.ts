import { expect, test } from "vitest";
import { describeArguments, summarizeCall } from "./tool-summary.ts";

test("a call is summed up by its most telling argument, on one line", () => {
  expect(summarizeCall({ content: "很长的正文", path: "合同/汇总.md" })).toBe("合同/汇总.md");
  expect(summarizeCall({ command: "cd 合同\nls" })).toBe("cd 合同");
  expect(summarizeCall({ limit: 3 })).toBe("");
  expect(summarizeCall('{"path": "未完')).toBe('{"path": "未完');
});

test("a single text stands alone, several arguments stand by their names", () => {
  expect(describeArguments({ command: "ls -la" })).toBe("ls -la");
  expect(describeArguments({ path: "甲.md", content: "一\n二" })).toBe("path: 甲.md\ncontent:\n一\n二");
  expect(describeArguments({ limit: 3 })).toBe("limit: 3");
});
