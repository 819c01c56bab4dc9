import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../../src/workspace/run-command.ts";
import { openCgroups } from "../../src/workspace/sandbox/cgroups.ts";
import type { Sandbox } from "../../src/workspace/sandbox/sandbox.ts";
import { effort } from "./effort.ts";
import { type AttackedLevel, findLevels, openLevel, smallLimits } from "./levels.ts";
import { sample } from "./sample.ts";
import { type Check, guard } from "./sandbox/check.ts";
import { checks } from "./sandbox/checks/all.ts";
import { type Host, startHost } from "./sandbox/host.ts";

/** Of the corpus in `npm test`, at each level. */
const shortPass = 30;

/** Whether commands are in control groups here, as root's are; then limits hold for all of a command together. */
const groups = openCgroups(smallLimits);
const isGrouped = "enter" in groups;
if (isGrouped) groups.close();

let host: Host;

beforeAll(async () => {
  host = await startHost(smallLimits);
});
afterAll(() => host?.close());

test("there are more than 100 ways out, each under its own name", () => {
  expect(checks.length).toBeGreaterThan(100);
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
});

async function open(level: AttackedLevel): Promise<Sandbox> {
  const sandbox = await openLevel(level, host.data);
  if ("problems" in sandbox) throw new Error(sandbox.problems.join(" "));
  return sandbox;
}

describe.for(await findLevels())("nothing gets out of the level %s", (level) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await open(level);
  });
  afterAll(() => sandbox?.close());

  const promised = checks.filter(
    ({ promised, onlyOn, needsLimits, needsGroup }) =>
      (promised === undefined || promised === level) &&
      (onlyOn === undefined || onlyOn === process.arch) &&
      (isGrouped || !(needsGroup || (needsLimits && process.getuid?.() === 0))),
  );

  // What takes long is left to the long pass.
  const chosen = effort.isLong ? promised : promised.filter(({ timeoutMs }) => timeoutMs === undefined);
  test.for(sample(chosen, shortPass))("$name", { timeout: 60_000 }, async (check: Check) => {
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
