import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../../src/workspace/run-command.ts";
import { openSandbox } from "../../src/workspace/sandbox/open-sandbox.ts";
import type { CommandLimits, Sandbox } from "../../src/workspace/sandbox/sandbox.ts";
import { effort } from "./effort.ts";
import { sample } from "./sample.ts";
import { type Check, guard } from "./sandbox/check.ts";
import { checks } from "./sandbox/checks/all.ts";
import { type Host, startHost } from "./sandbox/host.ts";

/** Of the corpus in `npm test`, at each level. */
const shortPass = 40;

const limits: CommandLimits = {
  memoryBytes: 2 ** 27,
  processes: 64,
  temporaryBytes: 2 ** 24,
  fileBytes: 2 ** 25,
};

let host: Host;

beforeAll(async () => {
  host = await startHost(limits);
});
afterAll(() => host?.close());

test("there are more than 100 ways out, each under its own name", () => {
  expect(checks.length).toBeGreaterThan(100);
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
});

async function open(level: "strict" | "reduced"): Promise<Sandbox> {
  const opened = await openSandbox(level, {
    hidden: [host.data],
    readable: [],
    skills: join(host.data, "skills"),
    programs: [],
    userFiles: false,
    limits,
    shared: false,
    // `reduced` is what there is where bubblewrap is not installed.
    ...(level === "reduced" && { bubblewrap: null }),
  });
  if ("problems" in opened) throw new Error(opened.problems.join(" "));
  return opened;
}

describe.for(effort.levels)("nothing gets out of the level %s", (level) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await open(level);
  });
  afterAll(() => sandbox?.close());

  const promised = checks.filter(
    ({ promised, onlyOn }) =>
      (promised === undefined || promised === level) && (onlyOn === undefined || onlyOn === process.arch),
  );

  test.for(sample(promised, shortPass))("$name", { timeout: 60_000 }, async (check: Check) => {
    expect((await attempt(sandbox, check)).join("\n")).toBe("");
  });
});

/** Tries one way out, and says what got through. */
async function attempt(sandbox: Sandbox, { script, timeoutMs = 10_000 }: Check): Promise<string[]> {
  const { output } = await runCommand(sandbox, {
    argv: ["bash", "-c", guard + script],
    cwd: host.work,
    env: host.bait,
    timeoutMs,
    maxOutputBytes: 20_000,
    signal: new AbortController().signal,
  });
  const through = output.includes("ESCAPED") || output.includes(host.canary);
  return [...(through ? [output.slice(0, 500)] : []), ...(await host.harm())];
}
