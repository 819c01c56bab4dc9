import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTestDatabase } from "./database.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import { modelEnvironment } from "./server.ts";

const program = fileURLToPath(import.meta.resolve("../../src/cli/main.ts"));

/** The command line as a process, run from source. */
export interface CommandProcess {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when stdout holds this text; throws if the process ends before. */
  says(text: string): Promise<void>;
  /** Its exit code, once it has ended and its output is complete. */
  ended: Promise<number | null>;
}

/** A data folder, a database and a scripted model server for commands of one test file, in local mode. */
export interface CommandSetting {
  dataDir: string;
  models: ModelServer;
  start(parameters: string[], options?: CommandOptions): CommandProcess;
  /** Runs a command to its end. */
  run(
    parameters: string[],
    options?: CommandOptions,
  ): Promise<{ code: number | null; out: string; err: string }>;
  close(): Promise<void>;
}

export interface CommandOptions {
  input?: string;
  environment?: Record<string, string>;
}

export async function createCommandSetting(): Promise<CommandSetting> {
  const dataDir = await mkdtemp(join(tmpdir(), "zcbot-test-"));
  const database = await createTestDatabase();
  const models = await startModelServer();
  const running = new Set<ChildProcess>();
  const start = (parameters: string[], { input = "", environment = {} }: CommandOptions = {}) => {
    const child = spawn(process.execPath, [program, ...parameters], {
      cwd: dataDir,
      env: {
        PATH: process.env.PATH,
        HOME: dataDir,
        DATABASE_URL: database.url,
        ZCBOT_DATA: dataDir,
        ZCBOT_PORT: "0",
        ZCBOT_SANDBOX: "external",
        ZCBOT_LIMIT_DRAIN_MS: "200",
        ...modelEnvironment(models),
        ...environment,
      },
    });
    running.add(child);
    child.stdin.end(input);
    return watch(child, () => running.delete(child));
  };
  return {
    dataDir,
    models,
    start,
    async run(parameters, options) {
      const command = start(parameters, options);
      const code = await command.ended;
      return { code, out: command.stdout(), err: command.stderr() };
    },
    async close() {
      for (const child of running) child.kill("SIGKILL");
      await models.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function watch(child: ChildProcess, onEnd: () => void): CommandProcess {
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (chunk) => {
      text[name] += chunk;
    });
  }
  const ended = once(child, "close").then(([code]) => {
    onEnd();
    return code as number | null;
  });
  return {
    child,
    ended,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    async says(wanted) {
      while (!text.stdout.includes(wanted)) {
        const more = once(child.stdout ?? child, "data");
        const code = await Promise.race([more.then(() => "more" as const), ended]);
        if (code !== "more" && !text.stdout.includes(wanted)) {
          throw new Error(`the command ended with ${code} without saying ${wanted}: ${text.stderr}`);
        }
      }
    },
  };
}
