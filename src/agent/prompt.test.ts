import { expect, test } from "vitest";
import { systemOf } from "./context/context-record.ts";
import { buildSections, type PromptInput } from "./prompt.ts";
import { createTools } from "./tools/tools.ts";

function prompt(more: Partial<PromptInput>): string {
  const sections = buildSections({
    taskName: "季度报告",
    workingDirectory: "报告",
    skills: "",
    skill: "",
    directory: "",
    memory: "",
    tools: createTools({ bash: true, maxCommandMs: 1_800_000 }),
    ...more,
  });
  return systemOf({ sections });
}

test("the prompt names the task and its directory, quoted", () => {
  expect(prompt({ taskName: '"引号"\n换行' })).toContain('"\\"引号\\"\\n换行"');
  expect(prompt({})).toContain('"报告"');
});

test("the prompt says when there is no shell", () => {
  expect(prompt({ tools: createTools({ bash: false, maxCommandMs: 1_800_000 }) })).toMatch(/no shell/);
  expect(prompt({ bashNote: "没有网络" })).toContain("没有网络");
});

test("what is said of skills, the directory, memory and the model stands in the prompt, and nothing where there is nothing", () => {
  const more = {
    skills: "# Skills",
    skill: "先写摘要",
    directory: "用表格",
    memory: "喜欢简短",
    instructions: "说中文",
  };
  for (const text of Object.values(more)) expect(prompt(more)).toContain(text);
  expect(prompt({})).not.toMatch(/\n{3,}/);
});
