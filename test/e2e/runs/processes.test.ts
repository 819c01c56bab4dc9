import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import { cancelRun, findFaults, readMessages, readStatus, startRun } from "../../support/api/runs.ts";
import { calls, says, type Turn } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let task: TaskAnswer;
/** Stands in the command line of this test's process, and in no other's. */
let mark: string;

beforeAll(async () => {
  // The strongest sandbox there is here.
  server = await startTestServer({ sandbox: "auto" });
  user = await server.createUser();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.models.reset();
  task = await createTask(user, { name: `后台 ${crypto.randomUUID()}` });
  mark = `7${String(Math.random()).slice(2)}`;
});

function countProcesses(): number {
  const lines = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(mark)).length;
}

/** Starts a run that leaves a process in the background and then plays the turns; stands behind the process's start. */
async function startBeside(...turns: Turn[]) {
  const command = `echo 起; setsid sleep ${mark} & sleep ${mark}`;
  server.models.script(calls("bash", { command, background: true }), ...turns);
  const run = await startRun(user, task.task_id, "在后台运行");
  const events = await openEvents(user, run.eventsUrl);
  const { data } = await events.until("tool_result");
  expect(data).toMatchObject({ content: expect.stringMatching(/^起\n\[p1 is running/), is_error: false });
  return { ...run, events };
}

test("nothing of a process is left when the run has ended", async () => {
  const go = Promise.withResolvers<void>();
  const run = await startBeside({ parts: [{ until: go.promise }, { text: "好了" }] });
  expect(countProcesses()).toBeGreaterThan(1);
  go.resolve();
  expect((await run.events.all()).at(-1)?.event).toBe("done");
  expect(countProcesses()).toBe(0);
});

test("nothing of a process is left when the run was cancelled, and the conversation is valid", async () => {
  const run = await startBeside({ parts: [{ text: "…" }], stallAfter: 1 });
  await run.events.until("text");
  expect(countProcesses()).toBeGreaterThan(1);
  await cancelRun(user, task.task_id, run.runId);
  expect((await run.events.all()).at(-1)?.data).toMatchObject({ status: "cancelled" });
  expect(countProcesses()).toBe(0);
  expect(findFaults(await readMessages(user, task.task_id))).toEqual([]);
});

test("processes end where the run waits for a person, and the model is told when it asks for one", async () => {
  const run = await startBeside(
    calls("ask", { question: "继续吗？" }),
    calls("process", { action: "output", id: "p1" }),
    says("没有了"),
  );
  const { data } = await run.events.until("request");
  await expect.poll(() => readStatus(user, task.task_id)).toBe("waiting");
  expect(countProcesses()).toBe(0);
  await ask(user, "POST", `/v1/tasks/${task.task_id}/runs/${run.runId}/answers`, {
    request_id: data.request_id,
    answers: ["继续"],
  });
  const told = (await run.events.all()).filter(({ event }) => event === "tool_result");
  expect(told.at(-1)?.data).toMatchObject({
    content: expect.stringMatching(/^There is no process p1\. .*Start it again/),
    is_error: true,
  });
});

test("that a process has ended by itself is said at once to who watches, and to the model with its next result", async () => {
  const command = "until [ -e 完 ]; do sleep 0.01; done; echo 建好了; exit 2";
  server.models.script(
    calls("bash", { command: `echo 起; ${command}`, background: true }),
    calls("bash", { command: "touch 完" }),
    calls("process", { action: "output", id: "p1" }),
    says("好"),
  );
  const run = await startRun(user, task.task_id, "构建");
  const frames = await (await openEvents(user, run.eventsUrl)).all();
  expect(frames.find(({ event }) => event === "notice")?.data).toEqual({
    code: "process_ended",
    msg: expect.stringMatching(/^p1 \(echo 起; .*\) has ended: exit code 2, .* s\.$/),
  });
  const results = frames
    .filter(({ event }) => event === "tool_result")
    .map(({ data }) => String(data.content));
  expect(results.slice(1).join("\n")).toMatch(/建好了\n\[p1 has ended: exit code 2/);
});

test("nothing of a process is left when its run was handed over, and the run goes on without it", async () => {
  await startBeside({ parts: [{ text: "…" }], stallAfter: 1 });
  expect(countProcesses()).toBeGreaterThan(1);
  server.models.script(calls("process", { action: "list" }), says("没有了"));
  await server.restart();
  await expect.poll(() => readStatus(user, task.task_id), { timeout: 20_000 }).toBe("ok");
  expect(countProcesses()).toBe(0);
  const told = (await readMessages(user, task.task_id)).filter(({ payload }) => payload.role === "tool");
  expect(told.at(-1)?.payload.content).toMatch(/^No process runs in the background/);
});
