import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelProfileList } from "../../../src/protocol/agent/models.ts";
import { ask, createTask } from "../../support/api/request.ts";
import { finishRun } from "../../support/api/runs.ts";
import { calls, fails, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
const wire = { provider: "openai-compatible" } as const;

beforeAll(async () => {
  server = await startTestServer({}, (modelsUrl) => ({
    $schema: "./docs/zcbot.schema.json",
    profiles: {
      主: {
        ...wire,
        model: "模型-甲",
        baseUrl: modelsUrl,
        headers: { "x-secret": "header-of-the-tests" },
        contextWindow: 64_000,
        maxOutputTokens: 4_000,
        vision: true,
        prices: { input: 2, output: 8, cached: 0.5, tiers: [{ above: 32_000, input: 4, output: 16 }] },
        fallback: ["备"],
        instructions: "只用中文回答。",
      },
      备: { ...wire, model: "模型-乙", prices: { input: 1, output: 1 } },
    },
    defaultProfile: "主",
  }));
  user = await server.createUser();
});
afterAll(() => server.close());

describe("model profiles", () => {
  test("are listed with what is known of their models, without key, header or address", async () => {
    const { status, body } = await ask<ModelProfileList>(user, "GET", "/v1/models");
    expect(status).toBe(200);
    expect(body).toEqual({
      default: "主",
      profiles: [
        {
          name: "主",
          provider: "openai-compatible",
          model: "模型-甲",
          context_window: 64_000,
          max_output_tokens: 4_000,
          vision: true,
          prices: {
            input: 2,
            output: 8,
            cached: 0.5,
            cache_writes: null,
            tiers: [{ above: 32_000, input: 4, output: 16, cached: null, cache_writes: null }],
          },
          fallback: ["备"],
        },
        {
          name: "备",
          provider: "openai-compatible",
          model: "模型-乙",
          context_window: 128_000,
          max_output_tokens: null,
          vision: false,
          prices: { input: 1, output: 1, cached: null, cache_writes: null, tiers: [] },
          fallback: [],
        },
      ],
    });
  });

  test("tell their instructions, and show a model that sees the pictures that a tool reads, for ever after", async () => {
    const data =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const task = await createTask(user, { name: "看图" });
    const form = new FormData();
    form.append("path", task.working_dir.split("/").at(-1) ?? "");
    form.append("files", new Blob([Buffer.from(data, "base64")]), "图 一.png");
    await user.fetch("/v1/files/upload", { method: "POST", body: form });
    server.models.script(calls("read", { path: "图 一.png" }), says("一张图"), says("还记得"));
    await finishRun(user, task.task_id, "看一看");
    await finishRun(user, task.task_id, "还记得吗？");
    const sent = server.models.requests.slice(-3).map(({ body }) => body.messages as object[]);
    expect(JSON.stringify(sent[1]?.at(-1))).toContain(`data:image/png;base64,${data}`);
    expect(JSON.stringify(sent[0]?.[0])).toContain("只用中文回答。");
    for (const at of [1, 2]) expect(sent[at]?.slice(0, sent[at - 1]?.length)).toEqual(sent[at - 1]);
  });

  test("go on with another one where the provider fails, which is what the answer is accounted under", async () => {
    server.models.script(fails(503, "过载"), { ...says("乙来回答"), usage: { input: 100, output: 20 } });
    const task = await createTask(user);
    const { frames } = await finishRun(user, task.task_id, "你好");
    const said = (event: string) => frames.flatMap((frame) => (frame.event === event ? [frame.data] : []));
    expect(said("retry")).toMatchObject([{ model: "模型-乙", wait_ms: 0 }]);
    expect(said("usage")).toMatchObject([{ profile: "备", model: "模型-乙", cost: 0.000_12 }]);
    expect(server.models.requests.slice(-2).map(({ body }) => body.model)).toEqual(["模型-甲", "模型-乙"]);
  });
});
