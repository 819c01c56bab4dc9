import packageJson from "../../../package.json" with { type: "json" };
import { type Config, loadConfig, readEnvironment } from "../../server/settings/config.ts";
import { StartError } from "../../server/start-error.ts";
import { checkDatabase } from "../doctor/checks/check-database.ts";
import { checkFolder } from "../doctor/checks/check-folder.ts";
import { checkMcp } from "../doctor/checks/check-mcp.ts";
import { checkModels } from "../doctor/checks/check-models.ts";
import { checkSandbox } from "../doctor/checks/check-sandbox.ts";
import { type CrashReport, describeCrash } from "../doctor/crash/crash-report.ts";
import { testCrashes } from "../doctor/crash/crash-test.ts";
import { openScratch } from "../doctor/crash/scratch.ts";
import { type Check, failed, ok, renderCheck, warning, wordsOf } from "../doctor/report.ts";
import { exitCode } from "../exit-code.ts";
import { type Interrupt, listenForInterrupt } from "../interrupt.ts";

export interface DoctorOptions {
  data?: string;
  models?: boolean;
  json?: boolean;
  /** false: nothing is started. */
  crashTest: boolean;
}

/** What doctor found, as `--json` prints it. */
interface DoctorReport {
  type: "doctor";
  schema_version: 1;
  version: string;
  ok: boolean;
  checks: Check[];
  crash_test: CrashReport | null;
}

/** Looks at all that a server here would rely on, and tries what a crash does. 0 only if nothing failed. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const interrupt = listenForInterrupt();
  const checks: Check[] = [];
  const tell = (found: Check[]) => {
    checks.push(...found);
    if (options.json) return;
    for (const check of found) process.stdout.write(renderCheck(check, process.stdout));
  };
  let crashTest: CrashReport | undefined;
  try {
    crashTest = await examine(options, tell, interrupt);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    process.stderr.write("Interrupted; everything that was made is removed.\n");
    return exitCode.interrupted;
  } finally {
    interrupt.release();
  }
  const healthy = checks.every(({ state }) => state !== "failed");
  if (options.json) {
    const { version } = packageJson;
    const head = { type: "doctor", schema_version: 1, version, ok: healthy } as const;
    const report: DoctorReport = { ...head, checks, crash_test: crashTest ?? null };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }
  if (healthy) return exitCode.ok;
  return checks.some(({ name, state }) => name === configuration && state === "failed")
    ? exitCode.usage
    : exitCode.failure;
}

const configuration = "configuration";

type Tell = (found: Check[]) => void;

async function examine(
  options: DoctorOptions,
  tell: Tell,
  { signal }: Interrupt,
): Promise<CrashReport | undefined> {
  tell([ok("node", `${process.version} at ${process.execPath}`)]);
  const config = readConfig(options.data, tell);
  if (config === undefined) return undefined;
  tell(await checkFolder(config, packageJson.version, signal));
  tell(await checkDatabase(config, signal));
  const { checks: sandbox, commands } = await checkSandbox(config);
  tell(sandbox);
  tell(await checkModels(config, options.models === true, signal));
  tell(await checkMcp(config, signal));
  signal.throwIfAborted();
  if (!options.crashTest) return undefined;
  if (sandbox.some(({ state }) => state === "failed")) {
    tell([warning("crash test", "not made: no server starts with this sandbox level")]);
    return undefined;
  }
  return await crash(config, commands, tell, signal);
}

function readConfig(data: string | undefined, tell: Tell): Config | undefined {
  const flags = { dataDir: data };
  try {
    const config = loadConfig({ flags, environment: readEnvironment(), cwd: process.cwd() });
    const mode = config.local ? "local mode" : "not local mode";
    tell([ok(configuration, `${config.file ?? "no zcbot.jsonc"}; ${mode}, role ${config.role}`)]);
    return config;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    tell(error.problems.map((problem) => failed(configuration, problem)));
    return undefined;
  }
}

async function crash(
  config: Config,
  commands: boolean,
  tell: Tell,
  signal: AbortSignal,
): Promise<CrashReport | undefined> {
  const scratch = await openScratch(config);
  try {
    if (scratch.refused !== undefined) {
      const { text, permission } = scratch.refused;
      const advice = "To try it there: grant create on database ... to the user in DATABASE_URL.";
      const said = `not on your database, where no scratch schema can be made (${text}), but on ${scratch.place}`;
      tell([warning("crash test", said, permission ? advice : undefined)]);
    }
    const report = await testCrashes(scratch, { commands, signal });
    tell(describeCrash(report));
    return report;
  } catch (error) {
    signal.throwIfAborted();
    tell([failed("crash test", wordsOf(error))]);
    return undefined;
  } finally {
    await scratch.close();
  }
}
