import { expect, test } from "vitest";
import { createTools } from "./tools.ts";

const tools = createTools({ bash: true, maxCommandMs: 1_800_000 });

test("the tools are offered in a fixed order, and bash only where commands may run", () => {
  const names = (bash: boolean): string[] =>
    createTools({ bash, maxCommandMs: 1_800_000 }).map((tool) => tool.definition.name);
  expect(names(true)).toEqual([
    "read",
    "list",
    "glob",
    "grep",
    "write",
    "edit",
    "todo",
    "ask",
    "bash",
    "process",
  ]);
  expect(names(false)).not.toContain("bash");
});

test("every tool describes its parameters as a JSON Schema object", () => {
  for (const { definition } of tools) {
    expect(definition.parameters).toMatchObject({ type: "object", properties: expect.anything() });
    expect(JSON.stringify(definition.parameters)).not.toMatch(/\$schema|9007199254740991/);
  }
  expect(tools[0]?.definition.parameters).toMatchObject({ required: ["path"] });
});
