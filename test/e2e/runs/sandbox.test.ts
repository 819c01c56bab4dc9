import { afterAll, beforeAll, expect, test } from "vitest";
import { ask, createTask, stranger } from "../../support/api/request.ts";
import { findFaults, finishRun, readMessages } from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

/** Outside local mode, where nothing isolates commands. */
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ sandbox: "auto" });
});
afterAll(() => server.close());

test("without isolation the agent of a server for many has no shell, and says so where it is asked", async () => {
  const health = await ask<{ sandbox: string }>(stranger(server.url), "GET", "/healthz");
  expect(health.body.sandbox).toBe("disabled");
  const user = await server.createUser();
  const task = await createTask(user);
  server.models.script(calls("bash", { command: "touch 不该有" }), says("没有命令行。"));
  const { frames } = await finishRun(user, task.task_id);
  const { body } = await server.models.request(0);
  const names = (body.tools as { function: { name: string } }[]).map((tool) => tool.function.name);
  expect(names).toContain("read");
  expect(names).not.toContain("bash");
  const result = frames.find(({ event }) => event === "tool_result");
  expect(result?.data).toMatchObject({ is_error: true });
  expect(result?.data.content).toContain('no tool named "bash"');
  expect(frames.at(-1)).toMatchObject({ event: "done", data: { status: "ok" } });
  expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
  const files = await user.fetch("/v1/files?path=水泥申报");
  expect(((await files.json()) as { entries: unknown[] }).entries).toEqual([]);
});
