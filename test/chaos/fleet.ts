import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { NetConnectOpts } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

export type Role = "all" | "api" | "worker";

/** A zcbot in a process of its own, run from source through its command line. */
export interface ChaosServer {
  name: string;
  role: Role;
  port: number;
  pid: number;
  state: "up" | "frozen" | "leaving" | "gone";
  /** Its way to the database. */
  database: FaultProxy;
  /** kill -9; resolves when it is gone. May be called from where nothing can wait: the signal is sent at once. */
  kill(): Promise<void>;
  /** Stops it in its tracks (SIGSTOP). */
  freeze(): void;
  /** Lets a frozen one go on (SIGCONT). */
  thaw(): void;
  /** Asks it to end (SIGTERM); its exit code, null where a signal ended it. */
  stop(): Promise<number | null>;
}

export interface Fleet {
  servers: ChaosServer[];
  /** Ends that nobody asked for. */
  accidents: string[];
  start(role: Role, environment?: Record<string, string>): Promise<ChaosServer>;
  /** Those that are up, of a role that does the job. */
  up(job: "api" | "worker"): ChaosServer[];
  /** Waits until no process of this fleet is left, thawing and killing what is. */
  close(): Promise<void>;
}

const program = fileURLToPath(import.meta.resolve("../../src/cli/main.ts"));

export interface FleetOptions {
  folder: string;
  /** What all its servers are told by environment. */
  environment: Record<string, string>;
  databaseName: string;
  databaseTarget: NetConnectOpts;
  chance: () => number;
}

export function createFleet(options: FleetOptions): Fleet {
  const servers: ChaosServer[] = [];
  const accidents: string[] = [];
  return {
    servers,
    accidents,
    async start(role, environment = {}) {
      const server = await startServer(options, role, `${role}-${servers.length + 1}`, environment, (how) => {
        accidents.push(how);
      });
      servers.push(server);
      return server;
    },
    up: (job) => servers.filter(({ state, role }) => state === "up" && (role === "all" || role === job)),
    async close() {
      await Promise.all(servers.map((server) => server.kill()));
      await Promise.all(servers.map((server) => server.database.close()));
    },
  };
}

async function startServer(
  { folder, environment, databaseName, databaseTarget, chance }: FleetOptions,
  role: Role,
  name: string,
  more: Record<string, string>,
  onAccident: (how: string) => void,
): Promise<ChaosServer> {
  const database = await startFaultProxy({ target: () => databaseTarget, chance });
  const logFile = join(folder, `${name}.log`);
  const log = openSync(logFile, "a");
  const child = spawn(process.execPath, [program, "serve", "--port", "0", "--role", role], {
    cwd: folder,
    stdio: ["ignore", "pipe", log],
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      DATABASE_URL: `postgresql://zcbot@127.0.0.1:${database.port}/${databaseName}`,
      ...environment,
      ...more,
    },
  });
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const url = await readAddress(child, logFile);
  const server: ChaosServer = {
    name,
    role,
    port: Number(new URL(url).port),
    pid: child.pid ?? 0,
    state: "up",
    database,
    async kill() {
      if (server.state !== "gone") {
        server.state = "leaving";
        child.kill("SIGKILL");
      }
      await exited;
    },
    freeze() {
      if (server.state !== "up") return;
      server.state = "frozen";
      child.kill("SIGSTOP");
    },
    thaw() {
      if (server.state !== "frozen") return;
      server.state = "up";
      child.kill("SIGCONT");
    },
    async stop() {
      if (server.state !== "gone") {
        server.state = "leaving";
        child.kill("SIGTERM");
      }
      const [code] = await exited;
      return code;
    },
  };
  void exited.then(([code, signal]) => {
    if (server.state !== "leaving") onAccident(`${name} ended by itself (${signal ?? code}), see ${logFile}`);
    server.state = "gone";
  });
  return server;
}

/** It says its address when it is ready. Throws with its last words where it does not come so far. */
async function readAddress(child: ChildProcess, logFile: string): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout) {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const found = /http:\/\/[^/\s]+/.exec(line)?.[0];
        if (found) resolve(found);
      });
    }
    child.once("exit", async (code) => {
      const words = (await readFile(logFile, "utf8").catch(() => "")).slice(-1000);
      reject(new Error(`a server ended with ${code} before it listened: ${words}`));
    });
  });
}
