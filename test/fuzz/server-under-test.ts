import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sendRaw } from "../support/api/raw-request.ts";
import { startModelServer } from "../support/model-server.ts";
import { startServerProcess } from "../support/server-process.ts";

/** The server in a process of its own, watched while it is asked things. */
export interface ServerUnderTest {
  url: string;
  /** Aborted when the process has ended, or no longer answers `/healthz` with 200; the reason says which. */
  failed: AbortSignal;
  /** Resident memory, bytes: when it was first looked at, and at most. */
  memory: { first: number; most: number };
  /** The slowest answer of `/healthz`, milliseconds. */
  slowestHealth(): number;
  close(): Promise<void>;
}

const watchMs = 500;
/** More than this, and the server keeps what it should not. */
const memoryBound = 2 ** 30;

/** Starts it on a database of its own, with limits that requests of a few kilobytes can reach. */
export async function startServerUnderTest(databaseUrl: string): Promise<ServerUnderTest> {
  const dataDir = await mkdtemp(join(tmpdir(), "zcbot-fuzz-"));
  const models = await startModelServer({ record: false });
  const server = await startServerProcess({
    dataDir,
    databaseUrl,
    models,
    environment: {
      // Node takes what a large machine has before it tidies up; so what is kept for good shows.
      NODE_OPTIONS: "--max-old-space-size=256",
      ZCBOT_LIMIT_JSON_BYTES: "65536",
      ZCBOT_LIMIT_UPLOAD_BYTES: "65536",
      ZCBOT_LIMIT_UPLOAD_FILES: "5",
      ZCBOT_LIMIT_USER_REQUESTS: "8",
      // All of them come from one address.
      ZCBOT_LIMIT_SIGN_INS: "1000000",
    },
  });
  const failure = new AbortController();
  const memory = { first: 0, most: 0 };
  let slowest = 0;
  let closing = false;
  server.child.once("exit", (code, signal) => {
    if (!closing) failure.abort(new Error(`the server ended: ${code ?? signal}`));
  });
  const watch = async (): Promise<void> => {
    const began = performance.now();
    const answer = await sendRaw(server.url, { method: "GET", path: "/healthz" });
    slowest = Math.max(slowest, performance.now() - began);
    if (answer.status !== 200) failure.abort(new Error(`/healthz answers ${answer.status}`));
    const bytes = await readMemory(server.child.pid ?? 0);
    memory.first ||= bytes;
    memory.most = Math.max(memory.most, bytes);
    if (bytes > memoryBound) failure.abort(new Error(`the server takes ${bytes} bytes of memory`));
  };
  const timer = setInterval(() => {
    watch().catch((error: unknown) => {
      if (!closing) failure.abort(new Error("/healthz does not answer", { cause: error }));
    });
  }, watchMs);
  return {
    url: server.url,
    failed: failure.signal,
    memory,
    slowestHealth: () => slowest,
    async close() {
      closing = true;
      clearInterval(timer);
      if (server.child.exitCode === null && server.child.signalCode === null) {
        const gone = once(server.child, "exit");
        server.child.kill("SIGTERM");
        await gone;
      }
      await models.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Resident memory of a process; 0 where the system does not tell. */
async function readMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
