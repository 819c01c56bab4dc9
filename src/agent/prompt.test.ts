import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDirectory } from "../workspace/open-directory.ts";
import { systemOf } from "./context/context-record.ts";
import { loadMemory } from "./memory.ts";
import { buildSections, type PromptInput } from "./prompt.ts";
import { listSkills, loadSkill } from "./skills.ts";
import { createTools } from "./tools/tools.ts";

let host: string;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-提示-"));
});

afterEach(() => rm(host, { recursive: true }));

async function put(path: string, content: string): Promise<void> {
  await mkdir(join(host, path, ".."), { recursive: true });
  await writeFile(join(host, path), content);
}

function prompt(more: Partial<PromptInput>): string {
  const sections = buildSections({
    taskName: "季度报告",
    workingDirectory: "报告",
    skillName: "",
    skill: null,
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

test("a skill's instructions are in the prompt, and a skill that is missing is said to be", () => {
  const skill = { name: "报告", description: "", instructions: "先写摘要" };
  expect(prompt({ skillName: "报告", skill })).toContain("先写摘要");
  expect(prompt({ skillName: "翻译" })).toMatch(/skill "翻译", which is not installed/);
});

test("skills are read leniently, whatever their front matter looks like", async () => {
  await put("引号/SKILL.md", '\uFEFF---\r\nname: x\r\ndescription: "做：报告"\r\n---\r\n# 标题\r\n正文');
  await put("多行/SKILL.md", "---\ndescription: >-\n  第一\n  第二\nother: [1]\n---\n正文");
  await put("没有/SKILL.md", "# 标题\n\n第一句。\n");
  await put("坏的/SKILL.md", "---\ndescription: 没有结尾\n");
  await put("空/其他.md", "");
  await put("文件.md", "");
  expect(await listSkills(host)).toEqual([
    { name: "坏的", description: "---" },
    { name: "多行", description: "第一 第二" },
    { name: "引号", description: "做：报告" },
    { name: "没有", description: "第一句。" },
  ]);
  expect((await loadSkill(host, "引号"))?.instructions).toBe("# 标题\n正文");
});

test("a skill's name is never taken for a path", async () => {
  await put("SKILL.md", "外面");
  await put("skills/好/SKILL.md", "里面");
  const skills = join(host, "skills");
  expect((await loadSkill(skills, "好"))?.instructions).toBe("里面");
  for (const name of ["..", ".", "", "../skills/好", "好/", "没有", "\0", "长".repeat(250)]) {
    expect(await loadSkill(skills, name)).toBeNull();
  }
  expect(await listSkills(join(host, "没有"))).toEqual([]);
});

test("the built-in skills describe themselves", async () => {
  const skills = await listSkills(join(import.meta.dirname, "../../skills"));
  expect(skills.map((skill) => skill.name)).toEqual(["report", "spreadsheet-analysis"]);
  for (const skill of skills) expect(skill.description).toMatch(/\p{Script=Han}/u);
});

test("memory is the user's own markdown files, each under its name", async () => {
  await put("甲/.memory/偏好.md", "喜欢表格\n");
  await put("甲/.memory/项目/乙方.md", "合同号 42");
  await put("甲/.memory/图.png", "no");
  await put("乙/.memory/秘密.md", "别人的");
  await symlink("../../乙/.memory/秘密.md", join(host, "甲/.memory/链接.md"));
  const memory = await loadMemory(await openDirectory(join(host, "甲")));
  expect(memory).toBe("## .memory/偏好.md\n\n喜欢表格\n\n## .memory/项目/乙方.md\n\n合同号 42");
  expect(prompt({ memory })).toContain("喜欢表格");
});

test("a user without memory has none", async () => {
  expect(await loadMemory(await openDirectory(host))).toBe("");
  await put(".memory", "是个文件");
  expect(await loadMemory(await openDirectory(host))).toBe("");
});

test("memory beyond its budget is cut between characters and says what is left out", async () => {
  await put(".memory/1.md", "字".repeat(10_000));
  await put(".memory/2.md", "第二");
  const memory = await loadMemory(await openDirectory(host));
  expect(Buffer.byteLength(memory)).toBeLessThan(17_000);
  expect(memory).not.toContain("\uFFFD");
  expect(memory).toMatch(/\[the rest of this file is left out\]/);
  expect(memory).toMatch(/\[left out: .memory\/2.md\]$/);
});
