import fc from "fast-check";
import { expect, test } from "vitest";
import { toolName } from "./tool-name.ts";

test("a name that fits is kept", () => {
  expect(toolName("github", "create-issue_2")).toBe("mcp__github__create-issue_2");
});

test("whatever a tool is called, its name is one that providers take, and tells it from every other", () => {
  const any = fc.string({ unit: "binary", maxLength: 120 });
  const server = fc.constantFrom("a", "a-b", "a_b", "a__b", "数据");
  fc.assert(
    fc.property(server, any, server, any, (one, first, other, second) => {
      const name = toolName(one, first);
      expect(name).toMatch(/^mcp__[a-zA-Z0-9_-]{1,59}$/);
      expect(name).toBe(toolName(one, first));
      expect(name === toolName(other, second)).toBe(one === other && first === second);
    }),
  );
  expect(toolName("a", "b__c")).not.toBe(toolName("a__b", "c"));
  expect(toolName("a", "查询")).not.toBe(toolName("a", "删除"));
  expect(toolName("a", "x".repeat(80))).not.toBe(toolName("a", "x".repeat(81)));
});
