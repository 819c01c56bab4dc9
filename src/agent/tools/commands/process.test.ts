import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { openTestSandbox } from "../../../../test/support/sandbox.ts";
import { calls, run, says } from "../../../../test/support/scripted-agent.ts";
import { toolContext } from "../../../../test/support/tool-context.ts";
import type { Directory } from "../../../workspace/directory.ts";
import { openDirectory } from "../../../workspace/open-directory.ts";
import {
  BackgroundProcesses,
  maxBackgroundProcesses,
} from "../../../workspace/processes/background-processes.ts";
import { findLauncher, plainSandbox } from "../../../workspace/sandbox/plain.ts";
import { noSkills } from "../../skills/skills.ts";
import type { ToolContext, ToolOutcome } from "../tool.ts";
import { createBashTool } from "./bash.ts";
import { processTool } from "./process.ts";
import { openShownOutput } from "./shown-output.ts";

// In the strict sandbox where the machine has one.
const sandbox = (await openTestSandbox("strict")) ?? plainSandbox(await findLauncher(), "off", []);
const bash = createBashTool(1_800, sandbox.network);
let host: string;
let directory: Directory;
let processes: BackgroundProcesses;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-后台-"));
  directory = await openDirectory(host);
  processes = new BackgroundProcesses();
});

afterEach(async () => {
  await processes.close();
  await rm(host, { recursive: true });
});

afterAll(() => sandbox.close());

function start(command: string, more: Record<string, unknown> = {}): Promise<ToolOutcome> {
  return bash.execute({ command, background: true, ...more }, toolContext(directory, sandbox, { processes }));
}

function follow(input: Record<string, unknown>, more: Partial<ToolContext> = {}): Promise<ToolOutcome> {
  return processTool.execute(input, toolContext(directory, sandbox, { processes, ...more }));
}

/** How many processes of the machine carry this text in their command line. */
function countProcesses(mark: string): number {
  const lines = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(mark)).length;
}

/** A command that says a line and then waits until `file` is there, to say another. */
function waitsFor(file: string): string {
  return `echo 开始; until [ -e ${file} ]; do sleep 0.01; done; echo 看到了 ${file}`;
}

test("a process goes on beside the run, and a look at it gives what is new", async () => {
  expect(await start(`${waitsFor("甲")}; ${waitsFor("乙")}`)).toEqual({
    content: expect.stringMatching(/^开始\n\[p1 is running, \d+ s so far\]$/),
    isError: false,
  });
  expect((await follow({ action: "output", id: "p1", wait_seconds: 0 })).content).toMatch(
    /^\[no new output\]\n\[p1 is running/,
  );
  await directory.writeText("甲", "");
  expect((await follow({ action: "output", id: "P1 " })).content).toMatch(
    /^看到了 甲\n开始\n\[p1 is running/,
  );
  await directory.writeText("乙", "");
  expect((await follow({ action: "output", id: "p1" })).content).toMatch(
    /^看到了 乙\n\[p1 has ended: exit code 0, /,
  );
  expect((await follow({ action: "output", id: "p1" })).content).toMatch(
    /^\[no new output\]\n\[p1 has ended/,
  );
});

test("a process that ends early is told of at once, with its exit code", async () => {
  expect(await start("echo 没有这个文件 >&2; exit 3")).toEqual({
    content: expect.stringMatching(/^没有这个文件\n\[p1 has ended: exit code 3, /),
    isError: true,
  });
  expect(processes.takeNews()).toEqual([]);
});

test("a stop ends a process with all that it started, and gives its last output", async () => {
  const mark = `5${randomUUID().replaceAll(/\D/g, "")}`;
  await start(`sleep ${mark} & setsid sleep ${mark} & echo 起; trap '' TERM; sleep ${mark}`);
  expect(countProcesses(mark)).toBeGreaterThan(2);
  expect((await follow({ action: "stop", id: "p1" })).content).toMatch(/\[p1 has ended: killed because /);
  expect(countProcesses(mark)).toBe(0);
});

test("a process is ended by its own time limit and that is told", async () => {
  await start("echo 起; sleep 60", { timeout_seconds: 0.3 });
  expect((await follow({ action: "output", id: "p1" })).content).toMatch(/p1 has ended: killed after 0.3 s/);
});

test("the signal of the run ends its processes, and none can be started after it", async () => {
  const mark = `6${randomUUID().replaceAll(/\D/g, "")}`;
  const stop = new AbortController();
  processes = new BackgroundProcesses({ signal: stop.signal });
  await start(`echo 起; sleep ${mark}`);
  expect(countProcesses(mark)).toBeGreaterThan(0);
  stop.abort();
  await processes.close();
  expect(countProcesses(mark)).toBe(0);
  expect(await start("true")).toMatchObject({ isError: true });
});

test("so many processes run at a time and no more; one that has ended makes room", async () => {
  for (let count = 0; count < maxBackgroundProcesses; count++) {
    processes.start(
      "占位",
      (signal) =>
        new Promise((end) => signal.addEventListener("abort", () => end({ text: "停", isError: true }))),
      () => neverKept,
    );
  }
  expect(await start("true")).toMatchObject({
    content: expect.stringMatching(/p1, p2.*stop one/),
    isError: true,
  });
  await processes.stop("p3");
  expect((await start("echo 有位了")).content).toMatch(/^有位了\n\[p9 has ended/);
});

const neverKept = {
  add() {},
  finish: async () => ({ text: "", droppedBytes: 0, keptBytes: 0, totalBytes: 0 }),
  discard: async () => {},
};

test("an unknown process is named with those there are", async () => {
  expect(await follow({ action: "output", id: "p1" })).toEqual({
    content: expect.stringMatching(/^There is no process p1\. No process runs .*Start it again/),
    isError: true,
  });
  await start("echo  起; sleep 60 # 等\n");
  expect(await follow({ action: "output" })).toEqual({
    content: "Say which process by its id. p1 running: echo 起; sleep 60 # 等",
    isError: true,
  });
  expect((await follow({ action: "list" })).content).toBe("p1 running: echo 起; sleep 60 # 等");
});

test("a look that waits is broken off with the run", async () => {
  await start("echo 起; sleep 60");
  const stop = new AbortController();
  const looking = follow({ action: "output", id: "p1", wait_seconds: 600 }, { signal: stop.signal });
  stop.abort(new Error("停"));
  await expect(looking).rejects.toThrow("停");
});

test("of much output a look shows both ends and says which file holds the whole", async () => {
  const { content } = await start("seq -f 第%.0f行 20000");
  expect(Buffer.byteLength(content)).toBeLessThan(34_000);
  const path = /the whole is in (\.zcbot\/results\/\S+\.txt):/.exec(content)?.[1] ?? "";
  const whole = await readFile(join(host, path), "utf8");
  expect(whole).toBe(Array.from({ length: 20_000 }, (_, index) => `第${index + 1}行\n`).join(""));
});

test("what nobody has looked at when a process is ended leaves no file behind", async () => {
  const { promise: said, resolve: onSaid } = Promise.withResolvers<void>();
  processes.start(
    "多话",
    async (signal, onOutput) => {
      onOutput("话".repeat(100_000));
      onSaid();
      await new Promise((end) => signal.addEventListener("abort", end));
      return { text: "停", isError: false };
    },
    () => openShownOutput(directory),
  );
  await said;
  await processes.close();
  expect(await readdir(join(host, ".zcbot/results"))).toEqual([]);
});

test("a process that ends by itself is told with the next result of any tool, once", async () => {
  const ended: string[] = [];
  processes = new BackgroundProcesses({ onEnded: ({ id }) => ended.push(id) });
  const { messages } = await run(
    [
      calls(["bash", JSON.stringify({ command: waitsFor("甲"), background: true })]),
      calls(["bash", JSON.stringify({ command: "touch 甲; until [ -e 完 ]; do sleep 0.01; done" })]),
      calls(["process", '{"action": "list"}']),
      says("好"),
    ],
    {
      tools: [bash, processTool],
      workplace: { directory, userRoot: directory, sandbox, processes: watched(), skills: noSkills },
    },
  );
  const answers = messages.flatMap(({ payload }) => (payload.role === "tool" ? [payload.content] : []));
  expect(answers[1]).toMatch(
    /\n\[p1 \(echo 开始;.*\) has ended: exit code 0, .* s\. Its last output: process output\.\]$/,
  );
  expect(answers[2]).not.toMatch(/Its last output/);
  expect(ended).toEqual(["p1"]);

  /** Lets the foreground command end once the other one has. */
  function watched(): BackgroundProcesses {
    processes = new BackgroundProcesses({
      onEnded: ({ id }) => {
        ended.push(id);
        void directory.writeText("完", "");
      },
    });
    return processes;
  }
});
