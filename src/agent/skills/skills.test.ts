import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { toolContext } from "../../../test/support/tool-context.ts";
import type { Directory } from "../../workspace/directory.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import { plainSandbox } from "../../workspace/sandbox/plain.ts";
import { inTurn } from "../../workspace/trees/in-turn.ts";
import { listTool } from "../tools/files/list.ts";
import { readTool } from "../tools/files/read.ts";
import { writeTool } from "../tools/files/write.ts";
import type { Tool } from "../tools/tool.ts";
import { allowedTools } from "./allowed-tools.ts";
import { describeSkill, describeSkills } from "./describe-skills.ts";
import { findInvokedSkill } from "./find-invoked-skill.ts";
import type { Skill } from "./skill.ts";
import { skillTool } from "./skill-tool.ts";
import { createSkills, type Skills } from "./skills.ts";

const sandbox = plainSandbox({ containment: "group", prefix: [] }, "off", []);
let host: string;
let root: Directory;
let skills: Skills;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-技能-"));
  root = await openDirectory(join(host, "用户"));
  skills = createSkills(join(host, "公用"), sandbox)(root);
});

afterEach(() => rm(host, { recursive: true }));

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(join(host, path, ".."), { recursive: true });
  await writeFile(join(host, path), content);
}

async function load(name: string): Promise<Skill> {
  const skill = await skills.load(name);
  if (!skill || "skipped" in skill) throw new Error(`no skill ${name}: ${skill?.skipped}`);
  return skill;
}

test("skills are read leniently, whatever their front matter looks like", async () => {
  await put(
    "公用/引号/SKILL.md",
    '\uFEFF---\r\nname: 别的名字\r\ndescription: "做：报告"\r\n---\r\n# 标题\r\n正文',
  );
  await put("公用/多行/SKILL.md", "---\ndescription: >-\n  第一\n  第二\nother: [1]\n---\n正文");
  await put("公用/没有/SKILL.md", "# 标题\n\n第一句。\n");
  await put("公用/坏的/SKILL.md", "---\ndescription: Use when: somebody asks\nname: x: y\n---\n正文");
  await put("公用/炸弹/SKILL.md", `---\na: &a [x]\nb: [${"*a,".repeat(200)}*a]\ndescription: 还在\n---\n`);
  await put("公用/深的/SKILL.md", `---\na: ${"[".repeat(20_000)}\ndescription: 也在\n---\n`);
  await put("公用/文件.md", "");
  const { skills: list, skipped } = await skills.list();
  expect(list.map(({ name, description }) => ({ name, description }))).toEqual([
    { name: "坏的", description: "Use when: somebody asks" },
    { name: "多行", description: "第一 第二" },
    { name: "引号", description: "做：报告" },
    { name: "没有", description: "第一句。" },
    { name: "深的", description: "也在" },
    { name: "炸弹", description: "还在" },
  ]);
  expect(skipped).toEqual([]);
  expect((await load("引号")).instructions).toBe("# 标题\n正文");
  expect((await load("多行")).fields).toEqual({ description: "第一 第二", other: [1] });
});

test("what the format declares is known, and unknown fields are kept", async () => {
  await put(
    "公用/全/SKILL.md",
    [
      "---",
      "description: 全部字段",
      "license: Apache-2.0",
      "compatibility: needs python3",
      "metadata: { author: 张三 }",
      "allowed-tools: Read, Bash(git add:*) Bash(jq *)",
      "disable-model-invocation: true",
      'user-invocable: "false"',
      "未知: 保留",
      "---",
      "做法",
    ].join("\n"),
  );
  expect(await load("全")).toMatchObject({
    license: "Apache-2.0",
    compatibility: "needs python3",
    allowedTools: ["Read", "Bash(git add:*)", "Bash(jq *)"],
    modelInvocable: false,
    userInvocable: false,
    fields: { metadata: { author: "张三" }, 未知: "保留" },
  });
});

test("a bad skill is skipped with the reason, and the others stay", async () => {
  await put("公用/好/SKILL.md", "好的做法");
  await put("公用/空/其他.md", "");
  await put("公用/没完/SKILL.md", "---\ndescription: 没有结尾\n");
  await put("公用/什么都没有/SKILL.md", "---\n---\n");
  await put("公用/有 空格/SKILL.md", "x");
  await put("公用/二进制/SKILL.md", Uint8Array.from([0xff, 0xfe, 0xfd]));
  await put("公用/巨大/SKILL.md", "大".repeat(100_000));
  const { skills: list, skipped } = await skills.list();
  expect(list.map(({ name }) => name)).toEqual(["好"]);
  const reasons = Object.fromEntries(skipped.map(({ name, reason }) => [name, reason]));
  expect(reasons).toEqual({
    空: expect.stringMatching(/no file SKILL\.md/),
    没完: expect.stringMatching(/has no end/),
    什么都没有: expect.stringMatching(/says nothing/),
    "有 空格": expect.stringMatching(/no spaces/),
    二进制: expect.stringMatching(/no UTF-8/),
    巨大: expect.stringMatching(/larger than/),
  });
  expect(await skills.load("没完")).toEqual({ skipped: reasons.没完 });
});

test("a user's own skill comes before the installed one of its name, and is only that user's", async () => {
  await put("公用/报告/SKILL.md", "公用的做法");
  await put("用户/.skills/报告/SKILL.md", "自己的做法");
  const other = createSkills(join(host, "公用"), sandbox)(await openDirectory(join(host, "别人")));
  expect(await load("报告")).toMatchObject({ source: "user", instructions: "自己的做法" });
  expect((await skills.list()).skills).toMatchObject([{ name: "报告", source: "user" }]);
  expect(await other.load("报告")).toMatchObject({ source: "built_in", instructions: "公用的做法" });
  await rm(join(host, "用户/.skills/报告/SKILL.md"));
  expect(await load("报告")).toMatchObject({ source: "built_in" });
  const again = createSkills(join(host, "公用"), sandbox)(root);
  expect((await again.list()).skipped).toMatchObject([{ name: "报告", source: "user" }]);
});

test("a name is never taken for a path, nor a link for what it leads to", async () => {
  await put("SKILL.md", "外面");
  await put("别人/.skills/秘密/SKILL.md", "别人的");
  await put("用户/.skills/好/SKILL.md", "里面");
  await symlink(join(host, "别人/.skills/秘密"), join(host, "用户/.skills/链接"));
  await mkdir(join(host, "用户/.skills/链接文件"));
  await symlink(join(host, "别人/.skills/秘密/SKILL.md"), join(host, "用户/.skills/链接文件/SKILL.md"));
  for (const name of ["..", ".", "", "../../别人/.skills/秘密", "好/", "\0", "链接", "长".repeat(250)])
    expect(await skills.load(name)).toBeNull();
  expect(await skills.load("链接文件")).toEqual({ skipped: expect.any(String) });
  expect((await skills.list()).skills.map(({ name }) => name)).toEqual(["好"]);
});

test("without any folder there are no skills", async () => {
  expect(await skills.list()).toEqual({ skills: [], skipped: [] });
  await put("公用/后来/SKILL.md", "后来的");
  expect((await skills.list()).skills).toHaveLength(1);
});

test("a skill that changes is read anew, and one that does not is not", async () => {
  await put("公用/改/SKILL.md", "旧的做法");
  const at = new Date(Date.now() - 60_000);
  await utimes(join(host, "公用/改/SKILL.md"), at, at);
  expect((await load("改")).instructions).toBe("旧的做法");
  // Of the same size and time: taken for the same.
  await put("公用/改/SKILL.md", "新的做法");
  await utimes(join(host, "公用/改/SKILL.md"), at, at);
  expect((await load("改")).instructions).toBe("旧的做法");
  await put("公用/改/SKILL.md", "新的做法");
  expect((await load("改")).instructions).toBe("新的做法");
});

test("a skill that is away while it is replaced is waited for", async () => {
  await put("用户/.skills/换/SKILL.md", "做法");
  const place = join(host, "用户/.skills/换");
  const { loading } = await inTurn(root.child(".skills").hostPath, async () => {
    await rename(place, join(host, "别处"));
    const loading = skills.load("换");
    // It has looked by then.
    for (let count = 0; count < 50; count++) await root.stat("");
    await rename(join(host, "别处"), place);
    return { loading };
  });
  expect(await loading).toMatchObject({ instructions: "做法" });
});

test("a message starts a skill by its name alone, and a path or another word does not", async () => {
  await put("公用/write-report/SKILL.md", "先写摘要");
  await put("公用/周报/SKILL.md", "写周报");
  await put("公用/自用/SKILL.md", "---\nuser-invocable: false\n---\n只给模型");
  await put("用户/.skills/坏/SKILL.md", "---\n没有结尾");
  const name = async (content: string) => (await findInvokedSkill(content, skills))?.name;
  expect(await name("/write-report 关于水泥")).toBe("write-report");
  expect(await name("/Write-Report")).toBe("write-report");
  expect(await name("/周报，写上周的")).toBe("周报");
  expect(await name("/周报\n上周")).toBe("周报");
  for (const content of [
    "写 /周报",
    "/周报/文件.md 是什么？",
    "/没有 的",
    "/etc/passwd",
    "/",
    "/自用 吧",
    " /周报",
  ])
    expect(await name(content)).toBeUndefined();
  expect((await findInvokedSkill("/write-report", skills))?.text).toContain("先写摘要");
  expect(await findInvokedSkill("/坏 了", skills)).toEqual({
    name: "坏",
    text: expect.stringMatching(/cannot be used: The front matter/),
    skipped: expect.stringMatching(/no end/),
  });
});

test("the list for a prompt keeps within its budget, a skill a line", async () => {
  const summary = { ...(await loadOne("说明".repeat(300))), modelInvocable: true };
  const of = (count: number) =>
    describeSkills(Array.from({ length: count }, (_, index) => ({ ...summary, name: `技能${index}` })));
  expect(of(1)).toMatch(/\n- 技能0: 说明.*…$/);
  expect(of(150).length).toBeLessThan(9_000);
  expect(of(150)).toContain("- 技能149");
  expect(of(2)).toBe(of(2));
  expect(describeSkills([{ ...summary, modelInvocable: false }])).toBe("");
});

async function loadOne(description: string): Promise<Skill> {
  await put("公用/一/SKILL.md", `---\ndescription: ${description}\n---\n做法`);
  await put("公用/一/scripts/算.py", "print(1)");
  await put("公用/一/references/表.md", "");
  return await load("一");
}

test("the tool gives what a skill says with its files by the paths that read reaches", async () => {
  const skill = await loadOne("说明");
  expect(skill.files.map(({ path }) => path)).toEqual(["references/表.md", "scripts/算.py"]);
  const context = toolContext(root, sandbox, { skills });
  const { content, isError } = await skillTool.execute({ name: "一" }, context);
  expect(isError).toBe(false);
  expect(content).toBe(`# Skill: 一\n\n${describeSkill(skill).split("applies.\n\n")[1]}`);
  expect(content).toContain(join(host, "公用/一"));
  expect(content).toContain("- scripts/算.py (8 bytes)");
  const use = async (tool: Tool, path: string) => await tool.execute({ path }, context);
  expect(await use(readTool, `${skill.path}/scripts/算.py`)).toEqual({
    content: "1\tprint(1)",
    isError: false,
  });
  expect((await use(listTool, skill.path)).content).toBe("references/\nscripts/\nSKILL.md (34 bytes)");
  await put("秘密.txt", "外面");
  for (const path of [join(host, "秘密.txt"), `${skill.path}/../../秘密.txt`, `${skill.path}/../../用户`])
    expect(await use(readTool, path)).toMatchObject({ isError: true });
  const written = { path: `${skill.path}/SKILL.md`, content: "坏" };
  expect(await writeTool.execute(written, context)).toMatchObject({ isError: true });
});

test("the tool says what there is where a name is wrong, and why a skill cannot be had", async () => {
  await loadOne("说明");
  await put("公用/手动/SKILL.md", "---\ndisable-model-invocation: true\n---\n人来叫");
  await put("公用/坏/SKILL.md", "---\n");
  const context = toolContext(root, sandbox, { skills });
  const call = async (name: string) => (await skillTool.execute({ name }, context)).content;
  expect(await call("二")).toBe('There is no skill "二". There are: 一.');
  expect(await call("手动")).toMatch(/for the user to start/);
  expect(await call("坏")).toMatch(/cannot be used: The front matter/);
});

test("allowed-tools give leave only where the operator installed the skill", async () => {
  const text = "---\nallowed-tools: Read Bash(git add:*) WebFetch mcp__files__list Bash(*)\n---\nx";
  await put("公用/用/SKILL.md", text);
  expect(allowedTools(await load("用"))).toEqual([
    { tool: "read", action: "allow" },
    { tool: "bash", argument: "git add *", action: "allow" },
    { tool: "fetch", action: "allow" },
    { tool: "mcp__files__list", action: "allow" },
    { tool: "bash", action: "allow" },
  ]);
  await put("用户/.skills/用/SKILL.md", text);
  expect(allowedTools(await load("用"))).toEqual([]);
});
