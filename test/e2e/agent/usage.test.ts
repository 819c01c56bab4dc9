import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { UsageReport } from "../../../src/protocol/agent/usage.ts";
import type { Run } from "../../../src/protocol/run.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import { finishRun } from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer({}, () => ({
    profiles: {
      贵的: {
        provider: "openai-compatible",
        model: "scripted-dear",
        prices: { input: 2, output: 8, cached: 0.2 },
      },
      无价: { provider: "openai-compatible", model: "scripted-unknown" },
    },
    defaultProfile: "贵的",
  }));
  user = await server.createUser();
});
afterAll(() => server.close());

async function report(query: string, who = user): Promise<UsageReport> {
  const { status, body } = await ask<UsageReport>(who, "GET", `/v1/usage?${query}`);
  expect(status).toBe(200);
  return body;
}

const usageOf = (input: number, output: number) => ({ usage: { input, output } });

describe("what model calls took", () => {
  test("is told by step, run, task and user, to the provider's own figures", async () => {
    const task = await createTask(user, { name: "水泥申报", model_profile: "贵的" });
    server.models.script(
      { ...calls("list", { path: "" }), ...usageOf(1_000, 50) },
      { ...says("好了。"), ...usageOf(1_100, 20) },
    );
    const { runId, frames } = await finishRun(user, task.task_id, "看看");
    const told = frames.filter(({ event }) => event === "usage").map(({ data }) => data);
    expect(told).toEqual([
      expect.objectContaining({ step: 1, purpose: "step", tokens_in: 1_000, tokens_out: 50, cost: 0.0024 }),
      expect.objectContaining({ step: 2, model: "scripted-dear", profile: "贵的", cost: 0.00236 }),
    ]);
    const run = await ask<Run>(user, "GET", `/v1/tasks/${task.task_id}/runs/${runId}`);
    expect(run.body).toMatchObject({ tokens_in: 2_100, tokens_out: 70, cost: 0.00476, model_profile: null });
    const again = await ask<TaskAnswer & { cost: number }>(user, "GET", `/v1/tasks/${task.task_id}`);
    expect(again.body.cost).toBe(0.00476);
    const byTask = await report("group_by=task");
    expect(byTask.results).toContainEqual(
      expect.objectContaining({ key: task.task_id, name: "水泥申报", calls: 2, cost: 0.00476 }),
    );
    const byDay = await report("group_by=day");
    expect(byDay.results).toHaveLength(1);
    expect(byDay.total).toMatchObject({ calls: 2, tokens_in: 2_100, tokens_out: 70, cost: 0.00476 });
  });

  test("has no price where a part of it has none, and says so rather than less", async () => {
    const other = await server.createUser();
    const task = await createTask(other, { name: "两种模型" });
    server.models.script({ ...says("一"), ...usageOf(10, 1) }, { ...says("二"), ...usageOf(20, 2) });
    await finishRun(other, task.task_id, "第一条");
    await finishRun(other, task.task_id, "第二条", { model_profile: "无价" });
    const { results, total } = await report("group_by=model", other);
    expect(total).toMatchObject({ calls: 2, tokens_in: 30, cost: null });
    expect(results.map(({ key, cost }) => [key, cost])).toEqual([
      ["scripted-unknown", null],
      ["scripted-dear", 0.000028],
    ]);
  });

  test("outlives its task, nameless", async () => {
    const other = await server.createUser();
    const task = await createTask(other, { name: "将删" });
    server.models.script({ ...says("好"), ...usageOf(7, 1) });
    await finishRun(other, task.task_id, "说一句");
    await other.fetch(`/v1/tasks/${task.task_id}`, { method: "DELETE" });
    const { results } = await report("group_by=task", other);
    expect(results).toEqual([expect.objectContaining({ key: task.task_id, name: null, tokens_in: 7 })]);
  });

  test("is nobody else's to read", async () => {
    const stranger = await server.createUser();
    expect(await report("group_by=task", stranger)).toMatchObject({
      count: 0,
      results: [],
      total: { calls: 0, cost: 0 },
    });
  });

  test("pages, and holds only the days that are asked for", async () => {
    expect((await report("group_by=model&page_size=1&page=99")).results).toEqual([]);
    expect((await report("from=2020-01-01&to=2020-12-31")).total.calls).toBe(0);
    const { status, body } = await ask<{ code: string }>(
      user,
      "GET",
      "/v1/usage?from=2026-02-01&to=2026-01-01",
    );
    expect([status, body.code]).toEqual([400, "invalid_period"]);
    expect((await ask(user, "GET", "/v1/usage?from=昨天")).status).toBe(422);
  });
});
