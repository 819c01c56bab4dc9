import { setTimeout as delay } from "node:timers/promises";
import { type Client, createClient } from "../client/client.ts";
import { readLock } from "../server/data-folder/lock.ts";
import { openSecrets } from "../server/data-folder/secrets.ts";
import { mintToken, verifyToken } from "../server/http/auth/tokens.ts";
import { type Config, loadConfig, readEnvironment } from "../server/settings/config.ts";
import { CommandError, exitCode } from "./exit-code.ts";

/** A server to talk to, signed in. */
export interface ReachedServer {
  client: Client;
  /** Ends the server if it was started for the occasion. */
  release(): Promise<void>;
}

const startingMs = 60_000;

/**
 * The server that commands talk to: the one that ZCBOT_URL names; else the one that runs on the data folder; else
 * one that is started in this process. Throws StartError where none can be, and the signal's reason.
 */
export async function reachServer(data: string | undefined, signal: AbortSignal): Promise<ReachedServer> {
  const environment = readEnvironment();
  const { ZCBOT_URL: baseUrl, ZCBOT_TOKEN: token } = environment;
  if (baseUrl) {
    if (!token)
      throw new CommandError("Set ZCBOT_TOKEN to a token of the server at ZCBOT_URL.", exitCode.signIn);
    return { client: createClient({ baseUrl, token }), release: async () => {} };
  }
  // A server for the occasion is for this machine alone, whatever is set for the one that stays.
  const flags = { dataDir: data, host: "127.0.0.1", port: 0, role: "all" };
  const config = loadConfig({ flags, environment, cwd: process.cwd() });
  const running = await findRunning(config.dataDir, signal);
  if (running !== undefined)
    return { client: await signIn(running, config, signal), release: async () => {} };
  return await startServer(config, signal);
}

/** The address of the server on a data folder, waited for while it is starting. */
async function findRunning(dataDir: string, signal: AbortSignal): Promise<string | undefined> {
  const giveUpAt = Date.now() + startingMs;
  for (;;) {
    const lock = await readLock(dataDir);
    if (!lock) return undefined;
    if (lock.address !== null) return lock.address;
    if (Date.now() > giveUpAt) {
      throw new CommandError(
        `The server on ${dataDir} (process ${lock.pid}) does not get ready.`,
        exitCode.network,
      );
    }
    await delay(100, undefined, { signal });
  }
}

/** Starts a server that says nothing unless something is wrong. */
async function startServer(config: Config, signal: AbortSignal): Promise<ReachedServer> {
  const [{ createServer }, { createLogger }] = await Promise.all([
    import("../server/server.ts"),
    import("../server/log.ts"),
  ]);
  signal.throwIfAborted();
  const logLevel = config.logLevel === "info" ? "warn" : config.logLevel;
  const server = await createServer(config, createLogger(logLevel));
  try {
    return { client: await signIn(server.url, config, signal), release: () => server.close() };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Signs in as the person at this machine, by right of reading the data folder's secrets. */
async function signIn(baseUrl: string, config: Config, signal: AbortSignal): Promise<Client> {
  const secrets = await openSecrets(config.dataDir);
  const userId = secrets.local_user_id;
  // Makes the user if nobody has signed in yet. The token for the command line may do more than the one it answers.
  const platformKey = config.platformKey ?? secrets.platform_key;
  const login = { user_id: userId, platform_key: platformKey };
  const { token: usual } = await createClient({ baseUrl }).login(login, { signal });
  const secret = config.jwtSecret ?? secrets.jwt_secret;
  const generation = (await verifyToken([secret], usual))?.subject.generation ?? 0;
  const subject = { userId, scope: "cli", generation } as const;
  const { token } = await mintToken(secret, subject, config.tokenTtlSeconds);
  return createClient({ baseUrl, token });
}
