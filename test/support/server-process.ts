import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ModelServer } from "./model-server.ts";
import { jwtSecret, modelEnvironment, platformKey } from "./server.ts";

/** A server in a process of its own, run from source, which a test may kill. */
export interface ServerProcess {
  url: string;
  child: ChildProcess;
  /** Ends it without a chance to say goodbye, and waits until it is gone. */
  kill(): Promise<void>;
  /** Asks it to end (SIGTERM), and gives its exit code. */
  stop(): Promise<number | null>;
}

const program = fileURLToPath(import.meta.resolve("./serve.ts"));

export async function startServerProcess(options: {
  dataDir: string;
  databaseUrl: string;
  models: ModelServer;
  environment?: Record<string, string>;
}): Promise<ServerProcess> {
  const child = spawn(process.execPath, [program], {
    cwd: options.dataDir,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      HOME: options.dataDir,
      DATABASE_URL: options.databaseUrl,
      ZCBOT_DATA: options.dataDir,
      ZCBOT_PORT: "0",
      ZCBOT_PLATFORM_KEY: platformKey,
      ZCBOT_JWT_SECRET: jwtSecret,
      ZCBOT_SANDBOX: "external",
      ZCBOT_LIMIT_DRAIN_MS: "200",
      ...modelEnvironment(options.models),
      ...options.environment,
    },
  });
  const exited = once(child, "exit");
  const url = await readAddress(child);
  return {
    url,
    child,
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    async stop() {
      child.kill("SIGTERM");
      const [code] = await exited;
      return code;
    },
  };
}

/** The first line of its output is its address. */
function readAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout?.on("data", (chunk) => {
      output += chunk;
      const end = output.indexOf("\n");
      if (end >= 0) resolve(output.slice(0, end));
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code} before it listened`)));
  });
}
