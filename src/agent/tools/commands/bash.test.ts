import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toolContext } from "../../../../test/support/tool-context.ts";
import type { Directory } from "../../../workspace/directory.ts";
import { openDirectory } from "../../../workspace/open-directory.ts";
import { findLauncher, plainSandbox } from "../../../workspace/sandbox/plain.ts";
import type { ToolContext, ToolOutcome } from "../tool.ts";
import { createBashTool } from "./bash.ts";
import { createLiveOutput } from "./live-output.ts";

const sandbox = plainSandbox(await findLauncher(), "off", []);
const bash = createBashTool(1_800, "open");
let host: string;
let directory: Directory;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-命令-"));
  directory = await openDirectory(host);
});

afterEach(() => rm(host, { recursive: true }));

function call(input: Record<string, unknown>, more: Partial<ToolContext> = {}): Promise<ToolOutcome> {
  return bash.execute(input, toolContext(directory, sandbox, more));
}

test("a command runs in the directory and reports its output and exit code", async () => {
  await directory.writeText("数据.txt", "你好\n");
  const pieces: string[] = [];
  const outcome = await call(
    { command: "cat 数据.txt; sleep 0.01; echo 错 >&2; exit 3" },
    { report: (text) => pieces.push(text) },
  );
  expect(outcome.isError).toBe(true);
  expect(outcome.content).toMatch(/你好[\s\S]*\[exit code 3, /);
  expect(pieces.join("")).toBe("你好\n错\n");
  expect(await call({ command: "true" })).toMatchObject({ isError: false });
});

test("huge output is cut in the middle, and few reports are made of it", async () => {
  const pieces: string[] = [];
  const outcome = await call({ command: "seq -f 第%.0f行 200000" }, { report: (text) => pieces.push(text) });
  expect(Buffer.byteLength(outcome.content)).toBeLessThan(40_000);
  expect(outcome.content).toMatch(/^第1行/);
  expect(outcome.content).toMatch(/第200000行\n\[.* left out of the middle; the whole is in /);
  const path = /\.zcbot\/results\/bash-\w+\.txt/.exec(outcome.content)?.[0] ?? "";
  expect(await readFile(join(host, path), "utf8")).toBe(
    Array.from({ length: 200_000 }, (_, index) => `第${index + 1}行\n`).join(""),
  );
  expect(pieces.join("").length).toBeLessThan(300_000);
  expect(pieces.at(-1)).toMatch(/live output stops here/);
});

test("a command past its time is killed, and so is one whose run is stopped", async () => {
  const late = await call({ command: "echo 开始; sleep 60", timeout_seconds: 0.2 });
  expect(late).toMatchObject({
    isError: true,
    content: expect.stringMatching(/开始\n[\s\S]*\[killed after 0.2 s/),
  });
  const stop = new AbortController();
  const stopped = await call(
    { command: "echo 开始; sleep 60" },
    { signal: stop.signal, report: () => stop.abort() },
  );
  expect(stopped.content).toMatch(/开始\n[\s\S]*\[killed because the run was stopped/);
});

test("live output comes at once, then gathered, and ends with what is left", () => {
  vi.useFakeTimers();
  try {
    const reports: string[] = [];
    const live = createLiveOutput((text) => reports.push(text));
    for (const piece of ["一", "二", "三"]) live.add(piece);
    expect(reports).toEqual(["一"]);
    vi.advanceTimersByTime(50);
    live.add("四");
    expect(reports).toEqual(["一", "二三"]);
    live.end();
    live.add("五");
    vi.advanceTimersByTime(1000);
    expect(reports).toEqual(["一", "二三", "四"]);
  } finally {
    vi.useRealTimers();
  }
});

test("a command runs also where its directory was removed meanwhile", async () => {
  const child = directory.child("删了");
  expect(await bash.execute({ command: "pwd" }, toolContext(child, sandbox))).toMatchObject({
    content: expect.stringContaining("删了"),
    isError: false,
  });
});

test("a command may ask for no more time than the operator allows, and gets no more unasked", () => {
  const { definition, parameters } = createBashTool(60, "open");
  expect(JSON.stringify(definition)).toMatch(/60 by default, in the background 60/);
  expect(parameters.safeParse({ command: "ls", timeout_seconds: 60 }).success).toBe(true);
  expect(parameters.safeParse({ command: "ls", timeout_seconds: 61 }).success).toBe(false);
});

test("rules tell commands apart by their text", () => {
  expect(bash.subject?.({ command: "git push 上游" })).toEqual({ kind: "command", text: "git push 上游" });
});
