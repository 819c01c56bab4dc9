import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Config, readEnvironment } from "../../../server/settings/config.ts";
import {
  adoptPostmaster,
  findPostmaster,
  signalProcess,
  stopPostmaster,
} from "../../../server/store/postgres/postmaster.ts";
import { wordsOf } from "../report.ts";
import { createScratchSchema, type ScratchSchema } from "./scratch-schema.ts";

/** Data that doctor's servers may be killed over: a data folder and tables of their own. */
export interface Scratch {
  dataDir: string;
  /** Where the tables are, in words. */
  place: string;
  /** What users sign in with, where it is not in the data folder's secrets. */
  platformKey: string | undefined;
  /** Why they are not in the operator's database, where they should have been. */
  refused: { text: string; permission: boolean } | undefined;
  /** Starts a server on them; the last one must have ended. Rejects, saying what it said, where it does not start. */
  start(signal: AbortSignal): Promise<ScratchServer>;
  /** Ends and removes all of it. */
  close(): Promise<void>;
}

export interface ScratchServer {
  url: string;
  /** Ends it without a chance to say goodbye, and waits until it is gone. */
  kill(): Promise<void>;
}

const stopMs = 30_000;

/** Makes the scratch data: beside the operator's tables where DATABASE_URL is set and permits it. */
export async function openScratch(config: Config): Promise<Scratch> {
  const dataDir = await mkdtemp(join(tmpdir(), "zcbot-doctor-"));
  let schema: ScratchSchema | undefined;
  let refused: Scratch["refused"];
  if (config.databaseUrl !== undefined) {
    schema = await createScratchSchema(config.databaseUrl).catch((error: unknown) => {
      // 42501: insufficient_privilege
      refused = { text: wordsOf(error), permission: (error as { code?: string }).code === "42501" };
      return undefined;
    });
  }
  const environment = describeServer(config, dataDir, schema);
  const postgres = join(dataDir, "postgres", "data");
  let server: ChildProcess | undefined;

  // The last resort, when the person insists on leaving at once.
  const onExit = () => {
    // The whole group: it may be setting up its Postgres.
    if (server?.pid && server.exitCode === null) signalProcess(-server.pid, "SIGKILL");
    killPostgres(postgres);
    removeNow(dataDir);
  };
  process.once("exit", onExit);

  return {
    dataDir,
    place: schema ? `the schema ${schema.name} of your database` : "a built-in Postgres of its own",
    platformKey: environment.ZCBOT_PLATFORM_KEY,
    refused,
    async start(signal) {
      signal.throwIfAborted();
      const started = spawnServer(environment, dataDir);
      server = started.child;
      const onAbort = () => started.child.kill("SIGKILL");
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        const url = await started.address;
        return { url, kill: () => end(started.child, "SIGKILL") };
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
    async close() {
      if (server) await end(server, "SIGTERM");
      // That of a server that was killed, and had no successor to adopt it.
      const left = await findPostmaster(postgres);
      if (left) await stopPostmaster(adoptPostmaster(left.pid));
      await schema?.drop();
      await rm(dataDir, { recursive: true, force: true });
      process.off("exit", onExit);
    },
  };
}

/** As the operator's server, where it matters to a crash: the same rights, the same sandbox, the demo for a model. */
function describeServer(
  config: Config,
  dataDir: string,
  schema: ScratchSchema | undefined,
): Record<string, string> {
  const { PATH = "", HOME = "", TMPDIR, LANG } = readEnvironment();
  const key = () => randomBytes(32).toString("hex");
  return {
    PATH,
    HOME,
    ...(TMPDIR !== undefined && { TMPDIR }),
    ...(LANG !== undefined && { LANG }),
    ZCBOT_DATA: dataDir,
    ZCBOT_HOST: "127.0.0.1",
    ZCBOT_PORT: "0",
    ZCBOT_MODEL: "demo",
    ZCBOT_SANDBOX: config.sandbox,
    ZCBOT_LOG_LEVEL: "warn",
    ...(!config.local && { ZCBOT_PLATFORM_KEY: key(), ZCBOT_JWT_SECRET: key() }),
    ...(schema && { DATABASE_URL: schema.url }),
  };
}

/** This very program. A session of its own, so that Ctrl-C in the terminal reaches doctor alone. */
function spawnServer(
  environment: Record<string, string>,
  cwd: string,
): { child: ChildProcess; address: Promise<string> } {
  const program = process.argv[1] ?? "";
  const child = spawn(process.execPath, [...process.execArgv, program, "serve"], {
    cwd,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    words = (words + text).slice(-2_000);
  });
  const address = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const url = /http:\/\/[^/\s]+/.exec(line)?.[0];
      if (url) resolve(url);
    });
    child.once("error", reject);
    child.once("close", (code, signal) => {
      reject(new Error(`the server ended with ${code ?? signal} before it was ready: ${words.trim()}`));
    });
  });
  return { child, address };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  const impatient = setTimeout(() => child.kill("SIGKILL"), stopMs);
  await exited;
  clearTimeout(impatient);
}

/** Nothing it holds is needed any more. */
function killPostgres(data: string): void {
  try {
    const pid = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n", 1)[0]);
    if (pid > 0) signalProcess(pid, "SIGQUIT");
  } catch {
    // It never began.
  }
}

/** Whoever is still ending may write a last file meanwhile; not every Node's rmSync says so. */
function removeNow(folder: string): void {
  for (let attempt = 0; attempt < 40; attempt++) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // It is looked at next.
    }
    if (!existsSync(folder)) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
  }
}
