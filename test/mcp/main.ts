import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareCalls } from "./overhead.ts";
import { tryRealServers } from "./real-servers.ts";

// Tries the client for servers of tools: the scenarios of the protocol's own conformance suite that need no OAuth, the
// reference servers inside the sandbox, and what a call costs beside a direct client's.

const bin = join(import.meta.dirname, "../../node_modules/.bin/conformance");
const client = join(import.meta.dirname, "conformance-client.ts");
// The suite writes its results into the folder that it is started in.
const folder = mkdtempSync(join(tmpdir(), "zcbot-conformance-"));
let failed = 0;

function run(...args: string[]): { status: number | null; output: string } {
  const options = { cwd: folder, encoding: "utf8", timeout: 120_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], options);
  return { status, output: stdout + stderr };
}

function tell(passed: boolean, what: string, details = ""): void {
  if (!passed) failed += 1;
  console.log(`${passed ? "passed" : "FAILED"}  ${what}${passed ? "" : `\n${details}`}`);
}

const scenarios = [...run("list", "--client").output.matchAll(/^\s+- (\S+)/gm)]
  .map((match) => match[1] ?? "")
  .filter((name) => !name.startsWith("auth/"));
if (scenarios.length === 0) tell(false, "the list of scenarios", "the suite names none");
for (const scenario of scenarios) {
  const command = `${process.execPath} ${client}`;
  const { status, output } = run("client", "--command", command, "--scenario", scenario);
  tell(status === 0, `conformance: ${scenario}`, output);
}
rmSync(folder, { recursive: true });
for (const { name, fault } of await tryRealServers()) tell(fault === undefined, name, fault);
console.log(await compareCalls());
process.exitCode = failed === 0 ? 0 : 1;
