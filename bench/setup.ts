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

export interface SetUpOptions {
  /** The model server runs in this process, where a measure has to look into it. */
  modelHere?: boolean;
  /** Settings of the server beyond the usual ones. */
  environment?: Record<string, string>;
}

/**
 * Starts a server with an empty database and a model server: in a process of its own, so that it costs the
 * client nothing, unless `modelHere` is set.
 */
export async function setUp({ modelHere = false, environment = {} }: SetUpOptions = {}): Promise<Bench> {
  const dataDir = await mkdtemp(join(tmpdir(), "zcbot-bench-"));
  const models = modelHere ? await startModelServer() : undefined;
  const model = models ? undefined : await startModelProcess();
  const modelUrl = models?.url ?? model?.url ?? "";
  const startAgain = () => startServer({ dataDir, modelUrl, environment });
  let server = await startAgain();
  const bench: Bench = {
    url: addressIn(server),
    modelUrl,
    models,
    dataDir,
    serverPid: server.process.pid ?? 0,
    token: "",
    headers: { Authorization: "" },
    signIn: (userId) => signIn(bench.url, userId),
    createTask: () => createTask(bench.url, bench.token),
    async restartServer() {
      await server.stop();
      const began = now();
      server = await startAgain();
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

export interface ServerOptions {
  dataDir: string;
  modelUrl: string;
  environment?: Record<string, string>;
}

/** Starts the built server on a free port. */
export function startServer({ dataDir, modelUrl, environment = {} }: ServerOptions): Promise<Started> {
  const settings = {
    ZCBOT_DATA: dataDir,
    ZCBOT_PLATFORM_KEY: platformKey,
    ZCBOT_JWT_SECRET: jwtSecret,
    ZCBOT_LOG_LEVEL: "warn",
    OPENAI_BASE_URL: modelUrl,
    OPENAI_API_KEY: "bench",
    ZCBOT_MODEL: "openai-compatible/scripted",
    ...environment,
  };
  return start([process.execPath, "dist/cli.js", "serve", "--port", "0"], settings, /http:/);
}

/** Starts the scripted model server in a process of its own. */
export async function startModelProcess(): Promise<{ url: string; stop(): Promise<void> }> {
  const model = await start([process.execPath, "test/support/model-server.ts", "--port", "0"], {}, /http:/);
  return { url: /http:\S+/.exec(model.line)?.[0] ?? "", stop: () => model.stop() };
}

export function addressIn(server: Started): string {
  return /http:\/\/[^/\s]+/.exec(server.line)?.[0] ?? "";
}

/** Makes the user if it is new, and gives a token. */
export async function signIn(url: string, userId: string): Promise<string> {
  const request = { json: { user_id: userId, platform_key: platformKey } };
  return (await json<{ token: string }>(await call(`${url}/v1/auth/login`, request))).token;
}

export async function createTask(url: string, token: string): Promise<string> {
  const headers = { Authorization: `Bearer ${token}` };
  const request = { headers, json: { name: "测量", working_dir: "bench" } };
  return (await json<{ task_id: string }>(await call(`${url}/v1/tasks`, request))).task_id;
}

/** Tasks made beforehand, so that making them is not measured. */
export async function makeTasks(
  bench: Pick<Bench, "createTask">,
  count: number,
): Promise<() => Promise<string>> {
  const ids: string[] = [];
  for (let made = 0; made < count; made += 10) {
    ids.push(...(await Promise.all(Array.from({ length: 10 }, () => bench.createTask()))));
  }
  return async () => ids.pop() ?? bench.createTask();
}
