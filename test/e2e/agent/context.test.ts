import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import { cancelRun, findFaults, finishRun, readMessages, startRun } from "../../support/api/runs.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import type { RecordedRequest } from "../../support/model-server.ts";
import { calls, fails, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";
import { storeConversation } from "../../support/stored-conversation.ts";

let database: TestDatabase;
let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({ databaseUrl: database.url }, (baseUrl) => ({
    profiles: {
      干活: {
        provider: "openai-compatible",
        model: "大",
        baseUrl,
        contextWindow: 60_000,
        summaryProfile: "总结",
      },
      总结: {
        ...{ provider: "openai-compatible", model: "小", baseUrl, contextWindow: 40_000 },
        prices: { input: 1, output: 1 },
      },
    },
    defaultProfile: "干活",
  }));
  user = await server.createUser();
});
afterAll(async () => {
  await server.close();
  await database.drop();
});
beforeEach(() => server.models.reset());

const goal = "把一千份合同汇总成一份表格，编号写全";

const store = (task: TaskAnswer, calls: number, characters: number) =>
  storeConversation(database.database, task.task_id, { goal, calls, characters });

const isSummary = ({ body }: RecordedRequest) => body.model === "小";
const sent = ({ body }: RecordedRequest) =>
  (body.messages as unknown[]).map((message) => JSON.stringify(message));

describe("a conversation that is longer than the model's window", () => {
  test("goes on after 1,000 messages; the transcript stays whole", {
    timeout: 60_000,
  }, async () => {
    const task = await createTask(user, { name: "一千份合同" });
    await store(task, 499, 8_000);
    server.models.handle((request) => says(isSummary(request) ? `目标：${goal}。文件：合同/1.md` : "接着做"));
    const { frames } = await finishRun(user, task.task_id, "接着做下一份");
    expect(frames.at(-1)?.data).toMatchObject({ status: "ok" });
    const compactions = frames.filter(({ event }) => event === "compaction");
    expect(compactions).toHaveLength(1);
    expect(compactions[0]?.data).toMatchObject({
      kind: "summarized",
      summary: expect.stringContaining(goal),
    });
    expect(compactions[0]?.data.before).toBeGreaterThan(1_000_000);
    expect(compactions[0]?.data.after).toBeLessThan(30_000);
    const spent = frames.filter(({ event, data }) => event === "usage" && data.purpose === "summary");
    expect(spent.length).toBe(server.models.requests.filter(isSummary).length);
    expect(spent[0]?.data).toMatchObject({ profile: "总结", cost: expect.any(Number) });

    const first = server.models.requests.at(-1);
    await finishRun(user, task.task_id, "再下一份");
    const second = server.models.requests.at(-1);
    if (!first || !second) throw new Error("no requests");
    expect(sent(second).slice(0, sent(first).length)).toEqual(sent(first));
    expect(sent(second)[1]).toContain(goal);

    const messages = await readMessages(user, task.task_id);
    expect(messages).toHaveLength(1_004);
    expect(findFaults(messages)).toEqual([]);
    expect(messages[2]?.payload.content?.length).toBeGreaterThan(7_900);
  });

  test("goes on in a fork with what it was cut to, and from before the cut with the whole", async () => {
    const task = await createTask(user, { name: "分叉" });
    await store(task, 40, 2_000);
    server.models.handle((request) => says(isSummary(request) ? `目标：${goal}` : "接着做"));
    await finishRun(user, task.task_id, "接着做");
    const before = server.models.requests.at(-1);
    const fork = async (from_idx: number) =>
      (await ask<TaskAnswer>(user, "POST", `/v1/tasks/${task.task_id}/fork`, { from_idx })).body;
    const late = await fork(83);
    const { frames } = await finishRun(user, late.task_id, "换条路");
    expect(frames.some(({ event }) => event === "compaction")).toBe(false);
    const after = server.models.requests.at(-1);
    if (!before || !after) throw new Error("no requests");
    expect(sent(after).slice(0, sent(before).length)).toEqual(sent(before));
    const early = await fork(4);
    await finishRun(user, early.task_id, "从头来");
    expect(sent(server.models.requests.at(-1) ?? before)[1]).toBe(
      JSON.stringify({ role: "user", content: goal }),
    );
  });

  test("is cancelled at once in the middle of its summary", async () => {
    const task = await createTask(user, { name: "取消总结" });
    await store(task, 40, 2_000);
    server.models.script({ ...says("目标", "到不了"), stallAfter: 1 });
    const run = await startRun(user, task.task_id, "接着做");
    const summary = await server.models.request(0);
    expect(isSummary(summary)).toBe(true);
    const events = await openEvents(user, run.eventsUrl);
    await cancelRun(user, task.task_id, run.runId);
    expect((await events.all()).at(-1)?.data).toMatchObject({ status: "cancelled" });
    expect(await summary.closedEarly).not.toBeNull();
    // The next message finds all as it was.
    server.models.handle((request) => says(isSummary(request) ? "目标" : "好的"));
    const { frames } = await finishRun(user, task.task_id, "再来");
    expect(frames.at(-1)?.data).toMatchObject({ status: "ok" });
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  });

  test("ends with the reason when the model refuses it twice, and with nothing more", async () => {
    const task = await createTask(user, { name: "太长" });
    const tooLong = fails(400, "This model's maximum context length is 8192 tokens");
    const turns = [
      calls("write", { path: "长.md", content: "长".repeat(9_000) }),
      calls("read", { path: "长.md" }),
      ...[tooLong, tooLong],
    ];
    server.models.handle((request) =>
      isSummary(request) ? says("目标") : (turns.shift() ?? says("到不了")),
    );
    const { frames } = await finishRun(user, task.task_id, "读长文件");
    expect(frames.filter(({ event }) => event === "compaction")).toHaveLength(1);
    expect(frames.at(-1)).toMatchObject({ event: "error", data: { code: "model_context_length" } });
    expect(server.models.requests.filter((request) => !isSummary(request))).toHaveLength(4);
    expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  });
});
