import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { post } from "../../support/api/pending.ts";
import { createTask } from "../../support/api/request.ts";
import { findFaults, finishRun, readMessages, readRun, startRun } from "../../support/api/runs.ts";
import type { RecordedRequest } from "../../support/model-server.ts";
import { calls, says, type Turn } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

// DESIGN.md, rule 9: taken as system, tools, messages, each request to a model begins with the whole one before.

const steps = 50;
let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer({}, (url) => ({
    profiles: {
      对话: { provider: "openai-compatible", model: "甲", baseUrl: url, contextWindow: 1_000_000 },
      消息: {
        provider: "anthropic",
        model: "乙",
        baseUrl: url,
        apiKeyVariable: "OPENAI_API_KEY",
        contextWindow: 1_000_000,
      },
      回应: { provider: "openai", model: "丙", baseUrl: url, contextWindow: 1_000_000 },
      谷歌: {
        provider: "google",
        model: "丁",
        baseUrl: url,
        apiKeyVariable: "OPENAI_API_KEY",
        contextWindow: 1_000_000,
      },
    },
    defaultProfile: "对话",
  }));
  user = await server.createUser();
});
afterAll(() => server.close());
beforeEach(() => server.models.reset());

/** Without cache markers, which may move. */
function withoutMarkers(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === "cache_control" ? undefined : inner)));
}

/** A request as what a provider reads one after the other. */
function prefixParts({ body }: RecordedRequest): string[] {
  const { system, systemInstruction, instructions, tools, messages, contents, input } = body as Record<
    string,
    unknown[]
  >;
  const said = messages ?? contents ?? input ?? [];
  return [system ?? systemInstruction ?? instructions, tools, ...said].map((part) =>
    JSON.stringify(withoutMarkers(part ?? null)),
  );
}

/** The places at which a request does not begin with the one before. */
function findBreaks(requests: RecordedRequest[]): string[] {
  const breaks: string[] = [];
  for (const [index, request] of requests.slice(1).entries()) {
    const before = prefixParts(requests[index] ?? request);
    const after = prefixParts(request);
    const place = before.findIndex((part, at) => part !== after[at]);
    if (place >= 0)
      breaks.push(`request ${index + 1}, part ${place}: ${before[place]} | ${after[place]}`.slice(0, 600));
  }
  return breaks;
}

/** Writes a file of the user's, by its path on the disk below the data folder. */
async function write(path: string, text: string): Promise<void> {
  const place = join(server.dataDir, path);
  await mkdir(join(place, ".."), { recursive: true });
  await writeFile(place, text);
}

function writeMemory(name: string, text: string): Promise<void> {
  return write(`workspace/users/${user.userId}/.memory/${name}`, text);
}

/** What the model asks for at its n-th step. */
function turnAt(index: number): Turn {
  const choices: Turn[] = [
    calls("write", { path: `笔记/${index}.md`, content: `第 ${index} 步\n`.repeat(40) }),
    calls("read", { path: `笔记/${index - 1}.md` }),
    calls("list", { path: "笔记" }),
    calls("todo", { items: [{ content: `第 ${index} 步`, status: "in_progress" }] }),
    {
      parts: [
        { reasoning: "想一想", signature: "签名" },
        { text: "我再看看。" },
        { toolCall: { name: "read", arguments: JSON.stringify({ path: "笔记/0.md" }) } },
        // Not every wire can carry what is no JSON.
        { toolCall: { name: "没有的工具", arguments: index > 8 ? "{坏" : "{}" } },
      ],
    },
    calls("remember", { content: `第 ${index} 步：用户喜欢表格`, path: "记录.md" }),
  ];
  return choices[index % choices.length] ?? says("");
}

test.each(["对话", "消息"])(
  "over a run of 50 steps and what follows, with the profile %s, each request begins with the whole one before",
  { timeout: 60_000 },
  async (model_profile) => {
    await writeMemory("偏好.md", "喜欢简短");
    const task = await createTask(user, {
      name: `长任务 ${model_profile}`,
      skill: "write-report",
      model_profile,
    });
    await write(`${task.working_dir}/AGENTS.md`, "用中文写");
    server.models.handle(async (_request, index) => {
      if (index === 20) await post(user, task.task_id, "顺便做个表格", "steer");
      if (index === 25) await writeMemory("偏好.md", "喜欢详细");
      if (index === 30) await write(`${task.working_dir}/AGENTS.md`, "用英文写");
      return index < steps - 1 ? turnAt(index) : says("做完了");
    });
    await finishRun(user, task.task_id, "把每一步都记下来");
    expect(server.models.requests.length).toBe(steps);
    await writeMemory("新的.md", "客户叫王五");
    server.models.handle((_request, index) => (index === steps ? turnAt(0) : says("好的")));
    await finishRun(user, task.task_id, "再来一次");
    await finishRun(user, task.task_id, "最后一次");
    const { requests } = server.models;
    expect(requests.length).toBe(steps + 3);
    expect(findBreaks(requests)).toEqual([]);
    // What has changed since the beginning is told with the message that comes next.
    const told = JSON.stringify(requests[steps]?.body.messages);
    expect(told).toContain("用英文写");
    expect(told).toContain("顺便做个表格");
    expect(JSON.stringify(requests.at(-1)?.body).split("用英文写").length).toBe(2);
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  },
);

test.each(["对话", "消息", "回应", "谷歌"])(
  "so it does with the profile %s when the server went in the middle, and what the prompt is made of had changed",
  async (model_profile) => {
    const task = await createTask(user, { name: "换服务器", model_profile });
    const restarted = Promise.withResolvers<void>();
    server.models.handle(async (_request, index) => {
      if (index === 4) {
        await writeMemory("偏好.md", `变了 ${model_profile}`);
        void server.restart().then(restarted.resolve);
      }
      return index < 8 ? turnAt(index) : says("做完了");
    });
    const run = await startRun(user, task.task_id, "先做八步");
    await server.models.request(5);
    await restarted.promise;
    const frames = await readRun(user, run.eventsUrl);
    expect(frames.some(({ event }) => event === "resumed")).toBe(true);
    expect(frames.at(-1)?.data).toMatchObject({ status: "ok" });
    await finishRun(user, task.task_id, "接着做");
    const [newest] = server.models.requests.slice(-1);
    expect(newest && prefixParts(newest).length).toBeGreaterThan(15);
    expect(findBreaks(server.models.requests)).toEqual([]);
  },
);
