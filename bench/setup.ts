import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ModelServer, startModelServer } from "../test/support/model-server.ts";
import { type Started, start } from "./processes.ts";
import { now } from "./statistics.ts";
import { call, json } from "./wire.ts";

const platformKey = randomUUID();
const jwtSecret = randomUUID() + randomUUID();

/** What every measure is given: a real server, built, with its own database, and a model server to compare with. */
export interface Bench {
  url: string;
  modelUrl: string;
  /** The model server, where it runs in this process. */
  models: ModelServer | undefined;
  dataDir: string;
  serverPid: number;
  headers: { Authorization: string };
  token: string;
  createTask(): Promise<string>;
  signIn(userId: string): Promise<string>;
  /** Stops the server, starts it again, and gives the time of the new start. */
  restartServer(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Starts a server with an empty database and a model server: in a process of its own, so that it costs the
 * client nothing, or in this one, where a measure has to look into it.
 */
export async function setUp({ modelHere = false } = {}): Promise<Bench> {
  const dataDir = await mkdtemp(join(tmpdir(), "zcbot-bench-"));
  const models = modelHere ? await startModelServer() : undefined;
  const model = models
    ? undefined
    : await start([process.execPath, "test/support/model-server.ts", "--port", "0"], {}, /http:/);
  const modelUrl = models?.url ?? /http:\S+/.exec(model?.line ?? "")?.[0] ?? "";
  let server = await startServer(dataDir, modelUrl);
  const bench: Bench = {
    url: addressIn(server),
    modelUrl,
    models,
    dataDir,
    serverPid: server.process.pid ?? 0,
    token: "",
    headers: { Authorization: "" },
    async signIn(userId) {
      const answer = await call(`${bench.url}/v1/auth/login`, {
        json: { user_id: userId, platform_key: platformKey },
      });
      return (await json<{ token: string }>(answer)).token;
    },
    async createTask() {
      const request = { headers: bench.headers, json: { name: "测量", working_dir: "bench" } };
      return (await json<{ task_id: string }>(await call(`${bench.url}/v1/tasks`, request))).task_id;
    },
    async restartServer() {
      await server.stop();
      const began = now();
      server = await startServer(dataDir, modelUrl);
      bench.url = addressIn(server);
      bench.serverPid = server.process.pid ?? 0;
      return began;
    },
    async close() {
      await server.stop();
      await model?.stop();
      await models?.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  bench.token = await bench.signIn(randomUUID());
  bench.headers = { Authorization: `Bearer ${bench.token}` };
  return bench;
}

function startServer(dataDir: string, modelUrl: string): Promise<Started> {
  const environment = {
    ZCBOT_DATA: dataDir,
    ZCBOT_PLATFORM_KEY: platformKey,
    ZCBOT_JWT_SECRET: jwtSecret,
    ZCBOT_LOG_LEVEL: "warn",
    OPENAI_BASE_URL: modelUrl,
    OPENAI_API_KEY: "bench",
    ZCBOT_MODEL: "openai-compatible/scripted",
  };
  return start([process.execPath, "dist/cli.js", "serve", "--port", "0"], environment, /http:/);
}

function addressIn(server: Started): string {
  return /http:\/\/[^/\s]+/.exec(server.line)?.[0] ?? "";
}

/** Tasks made beforehand, so that making them is not measured. */
export async function makeTasks(bench: Bench, count: number): Promise<() => Promise<string>> {
  const ids: string[] = [];
  for (let made = 0; made < count; made += 10) {
    ids.push(...(await Promise.all(Array.from({ length: 10 }, () => bench.createTask()))));
  }
  return async () => ids.pop() ?? bench.createTask();
}
