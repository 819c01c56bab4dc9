import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ask, createTask, stranger } from "../../support/api/request.ts";
import { findFaults, finishRun, readMessages } from "../../support/api/runs.ts";
import { calls, says, type Turn } from "../../support/model-turn.ts";
import { openTestSandbox } from "../../support/sandbox.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

async function levelOf(server: TestServer): Promise<string> {
  const health = await ask<{ sandbox: string }>(stranger(server.url), "GET", "/healthz");
  return health.body.sandbox;
}

/** What the tools answer one after the other. */
async function use(user: TestUser, taskId: string, ...turns: Turn[]): Promise<string[]> {
  server.models.script(...turns, says("完成。"));
  const { frames } = await finishRun(user, taskId);
  return frames.filter(({ event }) => event === "tool_result").map(({ data }) => String(data.content));
}

let server: TestServer;
afterEach(() => server.close());

describe.each(["strict", "reduced"] as const)("at the level %s", (level) => {
  test("a command works in its task's directory, and sees nothing else of the server and of others", async ({
    skip,
  }) => {
    const sandbox = await openTestSandbox(level);
    await sandbox?.close();
    if (!sandbox) skip("this machine has no such sandbox");
    server = await startTestServer({ sandbox: level });
    expect(await levelOf(server)).toBe(level);
    const [user, other] = [await server.createUser(), await server.createUser()];
    const theirs = await createTask(other);
    const own = await createTask(user, { name: "水泥 申报" });
    const canary = "别人的内容";
    await use(other, theirs.task_id, calls("write", { path: "秘密.txt", content: canary }));

    const users = join(server.dataDir, "workspace/users");
    const [made, read, found, looked, reached] = await use(
      user,
      own.task_id,
      calls("bash", { command: "pwd; echo 第一行 > 结果.txt; cat 结果.txt" }),
      calls("read", { path: "/work/结果.txt" }),
      calls("grep", { pattern: "第一" }),
      calls("bash", {
        command: `cat ${users}/*/*/*; ls ${server.dataDir}; cat /etc/shadow; ls /root /home; env; cat /proc/*/environ`,
      }),
      calls("bash", { command: `exec 3<> /dev/tcp/127.0.0.1/${new URL(server.url).port} && echo 连上了` }),
    );
    expect(made).toContain("/work\n第一行");
    expect(read).toContain("第一行");
    expect(found).toContain("结果.txt:1:第一行");
    expect(looked).not.toContain(canary);
    expect(looked).not.toMatch(/secrets\.json|root:|ZCBOT|KEY/);
    expect(reached).not.toContain("连上了\n");
  });
});

test("without isolation the agent of a server for many has no shell, and says so where it is asked", async () => {
  server = await startTestServer({ sandbox: "disabled" });
  expect(await levelOf(server)).toBe("disabled");
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
