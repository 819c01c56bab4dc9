import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../src/server/log.ts";
import { createServer, type Server } from "../../src/server/server.ts";
import { loadConfig } from "../../src/server/settings/config.ts";
import { createTestDatabase } from "./database.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";

export const platformKey = "v8Kq3mWz7TfR-of-the-tests";
export const jwtSecret = "hM4xPd9sYb2nLw6cJr8g-of-the-tests-eT5kVu3q";

export interface TestServer {
  url: string;
  dataDir: string;
  models: ModelServer;
  server: Server;
  /** A new user, signed in. */
  createUser(): Promise<TestUser>;
  /** Stops the server and starts another one on the same data and database. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface TestUser {
  userId: string;
  token: string;
  /** fetch with the user's token; a plain object as `json` is sent as JSON. */
  fetch(path: string, init?: RequestInit & { json?: unknown }): Promise<Response>;
}

/**
 * The real server on a free port, on a real Postgres, with a scripted model server as its only model. `file` is what its
 * `zcbot.jsonc` holds; given the address of the model server, it may name profiles there.
 */
export async function startTestServer(
  settings: Record<string, unknown> = {},
  file?: (modelsUrl: string) => Record<string, unknown>,
): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "zcbot-test-"));
  const database = await createTestDatabase();
  const models = await startModelServer();
  const content = file?.(models.url);
  if (content) await writeFile(join(dataDir, "zcbot.jsonc"), JSON.stringify(content));
  // A default that the file names is not to be outranked.
  const environment = {
    ...modelEnvironment(models),
    ...(content?.defaultProfile !== undefined && { ZCBOT_MODEL: "" }),
  };
  const start = () => {
    const config = loadConfig({
      flags: {
        port: 0,
        dataDir,
        platformKey,
        jwtSecret,
        databaseUrl: database.url,
        logLevel: "silent",
        drainMs: 200,
        // Whoever tests the limits sets them.
        signIns: 1_000_000,
        userRequests: 1_000_000,
        ...settings,
      },
      environment: { ZCBOT_SANDBOX: "external", ...environment },
      cwd: dataDir,
    });
    return createServer(config, createLogger("silent"));
  };
  const test: TestServer = {
    url: "",
    dataDir,
    models,
    server: await start(),
    createUser: () => signIn(test, randomUUID()),
    async restart() {
      await test.server.close();
      test.server = await start();
      test.url = test.server.url;
    },
    async close() {
      await test.server.close();
      await models.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  test.url = test.server.url;
  return test;
}

/** The environment that makes the scripted model server the default model. */
export function modelEnvironment(models: ModelServer): Record<string, string> {
  return {
    OPENAI_BASE_URL: models.url,
    OPENAI_API_KEY: "key-of-the-tests",
    ZCBOT_MODEL: "openai-compatible/scripted",
  };
}

/** Signs a user in, who is made if there is none; the address is read at each request, as a restart may change it. */
export async function signIn(server: { url: string }, userId: string): Promise<TestUser> {
  const answer = await fetch(`${server.url}/v1/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user_id: userId, platform_key: platformKey }),
  });
  const { token } = (await answer.json()) as { token: string };
  return {
    userId,
    token,
    fetch(path, { json, headers, ...init } = {}) {
      const sent = new Headers(headers);
      sent.set("Authorization", `Bearer ${token}`);
      if (json !== undefined) sent.set("Content-Type", "application/json");
      const body = json === undefined ? init.body : JSON.stringify(json);
      return fetch(server.url + path, { ...init, headers: sent, ...(body != null && { body }) });
    },
  };
}
