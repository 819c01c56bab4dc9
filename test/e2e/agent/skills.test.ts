import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { SkillDetail, SkillList } from "../../../src/protocol/agent/skill.ts";
import { openEvents } from "../../support/api/events.ts";
import { post } from "../../support/api/pending.ts";
import { type Answer, ask, createTask } from "../../support/api/request.ts";
import { finishRun, readMessages, startHangingRun, startRun } from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";
import { writeZip, zipSkill } from "../../support/write-zip.ts";

let installed: string;
let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  installed = await mkdtemp(join(tmpdir(), "zcbot-技能-"));
  await install("写报告", "---\ndescription: 根据材料写报告\n---\n先写摘要，再写正文。");
  await install("坏技能", "---\n没有结尾");
  await mkdir(join(installed, "写报告/scripts"));
  await writeFile(join(installed, "写报告/scripts/数.sh"), "echo 三句话");
  server = await startTestServer({ skillsDir: installed });
});
afterAll(async () => {
  await server.close();
  await rm(installed, { recursive: true });
});
beforeEach(async () => {
  server.models.reset();
  user = await server.createUser();
});

async function install(name: string, text: string): Promise<void> {
  await mkdir(join(installed, name), { recursive: true });
  await writeFile(join(installed, name, "SKILL.md"), text);
}

const address = (name: string) => `/v1/skills/${encodeURIComponent(name)}`;

async function upload(
  who: TestUser,
  name: string,
  archive: Buffer,
): Promise<Answer<SkillDetail & { code: string }>> {
  const response = await who.fetch(address(name), { method: "PUT", body: archive });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text), text };
}

const list = async (who: TestUser) => (await ask<SkillList>(who, "GET", "/v1/skills")).body;

/** What the model was sent last, as text: system prompt, then messages. */
function lastSeen(): { system: string; messages: { role: string; content: string }[] } {
  const all = server.models.requests.at(-1)?.body.messages as { role: string; content: string }[];
  return { system: all[0]?.content ?? "", messages: all.slice(1) };
}

describe("skills of one's own", () => {
  test("are uploaded, listed, read, replaced and deleted", async () => {
    const first = zipSkill("---\ndescription: 周报\n版本: 一\n---\n旧的写法", [
      { name: "references/样例.md", content: "样例" },
    ]);
    const put = await upload(user, "周报", first);
    expect(put.status).toBe(200);
    expect(put.body).toMatchObject({
      name: "周报",
      source: "user",
      description: "周报",
      fields: { 版本: "一" },
      instructions: "旧的写法",
      files: [{ path: "references/样例.md", size: 6 }],
    });
    await upload(user, "周报", writeZip([{ name: "周报/SKILL.md", content: "新的写法" }]));
    const read = await ask<SkillDetail>(user, "GET", address("周报"));
    expect(read.body).toMatchObject({ instructions: "新的写法", files: [] });
    expect((await list(user)).skills.map(({ name, source }) => [name, source])).toEqual([
      ["写报告", "built_in"],
      ["周报", "user"],
    ]);
    expect((await user.fetch(address("周报"), { method: "DELETE" })).status).toBe(204);
    expect((await ask(user, "GET", address("周报"))).body.code).toBe("skill_not_found");
    const left = await readdir(join(server.dataDir, "workspace/users", user.userId), { recursive: true });
    expect(left).toEqual([".skills"]);
  });

  test("are nobody else's, and what is installed is nobody's to change", async () => {
    const other = await server.createUser();
    await upload(user, "机密", zipSkill("机密的做法"));
    expect((await ask(other, "GET", address("机密"))).status).toBe(404);
    expect((await ask(other, "DELETE", address("机密"))).status).toBe(404);
    expect((await list(other)).skills.map(({ name }) => name)).toEqual(["写报告"]);
    await upload(user, "写报告", zipSkill("我的做法"));
    expect((await ask<SkillDetail>(other, "GET", address("写报告"))).body.source).toBe("built_in");
    expect((await ask(user, "DELETE", address("写报告"))).status).toBe(204);
    expect((await ask(user, "DELETE", address("写报告"))).body.code).toBe("skill_not_found");
    expect((await ask<SkillDetail>(user, "GET", address("写报告"))).body.source).toBe("built_in");
  });

  test("that are bad change nothing and leave nothing", async () => {
    await upload(user, "好的", zipSkill("好的做法"));
    const bad: [archive: Buffer, code: string][] = [
      [Buffer.from("不是压缩包"), "invalid_archive"],
      [writeZip([{ name: "说明.md", content: "x" }]), "invalid_skill"],
      [zipSkill("---\n没有结尾"), "invalid_skill"],
      [zipSkill("x", [{ name: "../../外.md", content: "x" }]), "invalid_archive"],
      [zipSkill("x", [{ name: "链", content: "/etc", mode: 0o120777 }]), "invalid_archive"],
      [zipSkill("x", [{ name: "弹", content: Buffer.alloc(21 * 2 ** 20) }]), "too_large"],
      [Buffer.alloc(21 * 2 ** 20), "too_large"],
    ];
    for (const [archive, code] of bad) expect((await upload(user, "好的", archive)).body.code).toBe(code);
    expect((await ask<SkillDetail>(user, "GET", address("好的"))).body.instructions).toBe("好的做法");
    const left = await readdir(join(server.dataDir, "workspace/users", user.userId), { recursive: true });
    expect(left.sort()).toEqual([".skills", ".skills/好的", ".skills/好的/SKILL.md"]);
    for (const name of ["a b", ".隐藏", "a/b"]) {
      const answer = await upload(user, name, zipSkill("x"));
      expect([name, answer.status, answer.body.code]).toEqual([name, 400, "invalid_name"]);
    }
  });

  test("of which many are uploaded at once under one name leave one whole", async () => {
    const texts = Array.from({ length: 6 }, (_, index) => `第${index}种做法`);
    const answers = await Promise.all(
      texts.map((text) => upload(user, "争", zipSkill(text, [{ name: "附.md", content: text }]))),
    );
    expect(answers.map(({ status }) => status)).toEqual(texts.map(() => 200));
    const folder = join(server.dataDir, "workspace/users", user.userId, ".skills");
    expect(await readdir(folder)).toEqual(["争"]);
    const { body } = await ask<SkillDetail>(user, "GET", address("争"));
    expect(texts).toContain(body.instructions);
  });
});

describe("in a run", () => {
  test("skills are named in the prompt, loaded by the model, and their scripts run", async () => {
    await upload(user, "周报", zipSkill("---\ndescription: 写一周的报告\n---\n列三点"));
    const task = await createTask(user, { name: "试技能" });
    server.models.script(
      calls("skill", { name: "写报告" }),
      calls("bash", { command: `bash ${join(installed, "写报告/scripts/数.sh")}` }),
      calls("skill", { name: "周报" }),
      says("好了"),
    );
    await finishRun(user, task.task_id, "写吧");
    const { system, messages } = lastSeen();
    expect(system).toContain("\n- 写报告: 根据材料写报告\n- 周报: 写一周的报告");
    expect(system).not.toContain("坏技能");
    const results = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
    expect(results[0]).toMatch(/先写摘要[\s\S]*$/);
    expect(results[0]).toContain(`- scripts/数.sh (14 bytes)`);
    expect(results[1]).toMatch(/^三句话/);
    expect(results[2]).toBe("# Skill: 周报\n\n列三点");
  });

  test("a task's skill is in the prompt; one that is bad or missing is said to the model and to the person", async () => {
    const run = async (skill: string) => {
      const task = await createTask(user, { name: `用${skill}`, skill });
      const { frames } = await finishRun(user, task.task_id, "开始");
      return frames.filter(({ event }) => event === "notice").map(({ data }) => data);
    };
    expect(await run("写报告")).toEqual([]);
    expect(lastSeen().system).toContain("先写摘要");
    expect(await run("坏技能")).toEqual([
      { code: "skill_skipped", msg: expect.stringMatching(/坏技能 was skipped: The front matter/) },
    ]);
    expect(lastSeen().system).toMatch(/"坏技能", which cannot be used/);
    expect(await run("没有的")).toEqual([
      { code: "skill_skipped", msg: "The skill 没有的 is not installed." },
    ]);
  });

  test("a message starts a skill by /name, and the model is shown the same whenever the message is", async () => {
    await upload(user, "周报", zipSkill("列三点"));
    const task = await createTask(user, { name: "斜杠" });
    await finishRun(user, task.task_id, "/周报 上一周");
    const [first] = lastSeen().messages;
    expect(first?.content).toMatch(/^\/周报 上一周\n\n\[The message starts the skill 周报;[\s\S]*列三点$/);
    await upload(user, "周报", zipSkill("列五点"));
    await finishRun(user, task.task_id, "/周报 这一周");
    const { messages } = lastSeen();
    expect(messages[0]).toEqual(first);
    expect(messages.at(-1)?.content).toMatch(/^\/周报 这一周\n\n\[The message starts[\s\S]*\n\n列五点/);
    const stored = await readMessages(user, task.task_id);
    expect(stored[0]?.payload.content).toBe("/周报 上一周");
    const { frames } = await finishRun(user, task.task_id, "/坏技能 试试");
    expect(frames.filter(({ event }) => event === "notice")).toHaveLength(1);
    expect(lastSeen().messages.at(-1)?.content).toMatch(
      /\[The message starts the skill 坏技能, which cannot/,
    );
    await finishRun(user, task.task_id, "/etc/passwd 是什么？");
    expect(lastSeen().messages.at(-1)?.content).toBe("/etc/passwd 是什么？");
  });

  test("a message that waits starts the skill that it names after its last edit", async () => {
    await upload(user, "周报", zipSkill("列三点"));
    const task = await createTask(user, { name: "等着" });
    const { events, runId } = await startHangingRun(user, task.task_id);
    const edits: [from: string, to: string][] = [
      ["/写报告 的", "/周报 的"],
      ["/写报告 的", "不用技能"],
    ];
    for (const [from, content] of edits) {
      const { pending_id } = await post(user, task.task_id, from, "queue");
      const path = `/v1/tasks/${task.task_id}/pending/${pending_id}`;
      expect((await ask(user, "PATCH", path, { content })).status).toBe(200);
    }
    const before = server.models.requests.length;
    await ask(user, "POST", `/v1/tasks/${task.task_id}/runs/${runId}/cancel`);
    await events.all();
    await server.models.request(before + 1);
    const shown = JSON.stringify(lastSeen().messages);
    expect(shown).toContain("列三点");
    expect(shown).not.toContain("先写摘要");
  });

  test("a message that steers starts its skill too, and the person hears of one that cannot be used", async () => {
    const task = await createTask(user, { name: "插话" });
    server.models.script(calls("ask", { question: "哪种？" }), says("好"));
    const { eventsUrl } = await startRun(user, task.task_id, "开始");
    const events = await openEvents(user, eventsUrl);
    const { data } = await events.until("request");
    for (const content of ["/写报告 的", "/坏技能 的"]) await post(user, task.task_id, content, "steer");
    const path = eventsUrl.replace("/events", "/answers");
    expect((await ask(user, "POST", path, { request_id: data.request_id, answers: ["表格"] })).status).toBe(
      202,
    );
    const frames = await events.all();
    expect(frames.filter(({ event }) => event === "steered")).toHaveLength(2);
    expect(frames.filter(({ event }) => event === "notice").map((frame) => frame.data.code)).toEqual([
      "skill_skipped",
    ]);
    const [first, second] = lastSeen().messages.slice(-2);
    expect(first?.content).toContain("先写摘要");
    expect(second?.content).toMatch(/which cannot be used/);
  });

  test("a skill's allowed-tools spare the question only where the operator installed it", async () => {
    const text = "---\nallowed-tools: WebFetch\n---\n查网页";
    await install("查网页", text);
    const firstOf = async (content: string) => {
      const task = await createTask(user, { name: content.replaceAll("/", "") });
      server.models.reset();
      server.models.script(calls("fetch", { url: "https://pages.invalid/" }), says("查不到"));
      const { eventsUrl } = await startRun(user, task.task_id, content);
      const events = await openEvents(user, eventsUrl);
      for (;;) {
        const frame = await events.next();
        if (frame && frame.event !== "request" && frame.event !== "tool_result") continue;
        events.close();
        return frame?.event;
      }
    };
    expect(await firstOf("直接查")).toBe("request");
    expect(await firstOf("/查网页 好吗")).toBe("tool_result");
    await upload(user, "查网页", zipSkill(text));
    expect(await firstOf("/查网页 再来")).toBe("request");
  });
});
