import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Frame, openEvents } from "../../support/api/events.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import { readMessages, readRun, readStatus, startRun } from "../../support/api/runs.ts";
import { calls, says, type Turn } from "../../support/model-turn.ts";
import { listen } from "../../support/network/town.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/** What counts as inside: nothing of it is ever to be seen by the agent. */
const inside: string[] = [];
const site = createServer((request, response) => {
  inside.push(request.url ?? "");
  response.end(
    JSON.stringify({ results: [{ title: "水泥价格", url: "https://site.example/", content: "300 元" }] }),
  );
});
let port: number;
let server: TestServer | undefined;

beforeAll(async () => {
  port = ((await listen(site)).address() as AddressInfo).port;
});
afterAll(() => site.close());
afterEach(() => server?.close());

async function start(settings: Record<string, unknown>) {
  inside.length = 0;
  server = await startTestServer(settings);
  const user = await server.createUser();
  return { server, user, task: await createTask(user, { name: `上网 ${crypto.randomUUID()}` }) };
}

async function play(
  at: { server: TestServer; user: TestUser; task: TaskAnswer },
  ...turns: Turn[]
): Promise<Frame[]> {
  at.server.models.script(...turns, says("完成"));
  const run = await startRun(at.user, at.task.task_id, "查一下");
  return readRun(at.user, run.eventsUrl);
}

const results = (frames: Frame[]) =>
  frames.filter(({ event }) => event === "tool_result").map(({ data }) => String(data.content));

test("a public address that is not listed waits for a person, whose no keeps it closed", async () => {
  const at = await start({});
  at.server.models.script(calls("fetch", { url: "https://fetch.invalid/路?a=1" }, "c1"), says("那就不看"));
  const run = await startRun(at.user, at.task.task_id, "看看这个网页");
  const events = await openEvents(at.user, run.eventsUrl);
  const { data } = await events.until("request");
  expect(data).toMatchObject({ kind: "approval", call_id: "c1" });
  expect(JSON.stringify(data)).toContain("It opens https://fetch.invalid/%E8%B7%AF?a=1");
  await expect.poll(() => readStatus(at.user, at.task.task_id)).toBe("waiting");
  await ask(at.user, "POST", `/v1/tasks/${at.task.task_id}/runs/${run.runId}/answers`, {
    request_id: data.request_id,
    decision: "deny",
  });
  await events.all();
  const answers = (await readMessages(at.user, at.task.task_id)).filter(
    ({ payload }) => payload.role === "tool",
  );
  expect(answers.map(({ payload }) => payload.content)).toEqual([expect.stringMatching(/did not allow/)]);
});

test("an address of this machine is refused without asking anybody", async () => {
  const at = await start({});
  const frames = await play(
    at,
    calls("fetch", { url: `http://127.0.0.1:${port}/` }),
    calls("fetch", { url: `http://localhost:${port}/` }),
    calls("fetch", { url: "http://169.254.169.254/latest/meta-data/" }),
  );
  expect(frames.map(({ event }) => event)).not.toContain("request");
  expect(results(frames)).toEqual([
    expect.stringMatching(/Port \d+ of 127\.0\.0\.1 is not on/),
    expect.stringMatching(/localhost is a local name/),
    expect.stringMatching(/an address that is private, local/),
  ]);
  expect(inside).toEqual([]);
});

test("where the operator has chosen a search service it is asked without a word; else there is no such tool", async () => {
  const at = await start({ searchProvider: "searxng", searchUrl: `http://127.0.0.1:${port}`, fetch: "off" });
  const frames = await play(
    at,
    calls("search_web", { query: "水泥 价格" }),
    calls("fetch", { url: "https://site.example/" }),
  );
  expect(frames.map(({ event }) => event)).not.toContain("request");
  const [found, fetched] = results(frames);
  expect(found).toContain("1. 水泥价格\n   https://site.example/\n   300 元");
  expect(fetched).toMatch(/no tool named "fetch"/);
  expect(inside).toEqual(["/search?q=%E6%B0%B4%E6%B3%A5+%E4%BB%B7%E6%A0%BC&format=json"]);
});
