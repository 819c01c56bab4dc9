import type { Server as HttpServer } from "node:http";
import { join } from "node:path";
import type { Logger } from "pino";
import packageJson from "../../package.json" with { type: "json" };
import { createSkills } from "../agent/skills/skills.ts";
import { openDirectory } from "../workspace/open-directory.ts";
import { type DataFolder, openDataFolder } from "./data-folder/data-folder.ts";
import { createApp } from "./http/app.ts";
import { Gate } from "./http/auth/gate.ts";
import { createSignInCodes, type SignInCodes } from "./http/auth/sign-in-codes.ts";
import { createClients } from "./http/edge/clients.ts";
import { createHttpServer } from "./http/edge/http-server.ts";
import type { Handlers } from "./http/handler.ts";
import { createApprovalHandlers } from "./http/handlers/agent/approvals.ts";
import { createMcpHandlers } from "./http/handlers/agent/mcp.ts";
import { createMemoryHandlers } from "./http/handlers/agent/memory.ts";
import { createSkillHandlers } from "./http/handlers/agent/skills.ts";
import { createUsageHandlers } from "./http/handlers/agent/usage.ts";
import { createAuthHandlers } from "./http/handlers/auth.ts";
import { createCatalogHandlers } from "./http/handlers/catalog.ts";
import { createExportHandler } from "./http/handlers/export.ts";
import { createFileHandlers } from "./http/handlers/files.ts";
import { createHealthHandler } from "./http/handlers/health.ts";
import { createPendingHandlers } from "./http/handlers/pending.ts";
import { createRunHandlers } from "./http/handlers/runs.ts";
import { createTaskHandlers } from "./http/handlers/tasks.ts";
import { removeStaleUploads } from "./http/upload.ts";
import { addressOf, closeHttp, listenOn } from "./listen.ts";
import { createModels } from "./models.ts";
import { findPackageRoot } from "./package-root.ts";
import { createMcp } from "./runs/mcp.ts";
import type { Starting } from "./runs/start-run.ts";
import { type ChosenSandbox, chooseSandbox } from "./sandbox-level.ts";
import type { Config } from "./settings/config.ts";
import { type Parts, type Stops, startWork } from "./start-work.ts";
import { type DatabaseAddress, openDatabase } from "./store/database.ts";
import { retryWhileAway } from "./store/database-away.ts";
import { migrate } from "./store/migrations/migrate.ts";
import { startEmbeddedPostgres } from "./store/postgres/embedded-postgres.ts";
import { createUserRoots } from "./user-roots.ts";

export interface Server {
  /** Where it listens, e.g. `http://127.0.0.1:8787`. */
  url: string;
  /** In local mode the ready-to-open address that signs the one user in, once. */
  signInLink: string | undefined;
  /** How commands of the agent are isolated. */
  sandbox: ChosenSandbox;
  /** Stops runs and streams with a word, then the database. */
  close(): Promise<void>;
}

/** Starts everything a server is: data folder, database, worker, HTTP. Throws StartError where it cannot. */
export async function createServer(config: Config, logger: Logger): Promise<Server> {
  const started: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const stop of started.splice(0).reverse()) {
      await stop().catch((error) => logger.warn({ error }, "something did not stop cleanly"));
    }
  };
  try {
    // What is known of them is read while the database starts.
    const making = createModels(config.models, config.limits.stallMs);
    making.catch(() => {});
    const folder = await openDataFolder(config.dataDir, { shared: config.databaseUrl !== undefined });
    started.push(() => folder.close());
    sweepUploads(folder, logger);
    // It is tried out while the database starts.
    const choosing = openCommands(config, logger, started);
    choosing.catch(() => {});
    const stores = await openStores(config, folder, logger, started);
    const userRoot = createUserRoots(folder.users, config.limits);
    const sandbox = await choosing;
    const models = await making;
    const gate = new Gate({
      ...stores,
      clients: createClients(config.trustedProxies),
      secrets: [config.jwtSecret ?? folder.secrets.jwt_secret, ...config.jwtPreviousSecrets],
      limits: config.limits,
    });
    const skillsOf = createSkills(config.skillsDir, sandbox.sandbox);
    const mcp = createMcp({
      servers: config.mcpServers,
      ...stores,
      sandbox: sandbox.sandbox,
      logger,
      userRoot,
    });
    const parts = { config, folder, ...stores, models, sandbox, logger, userRoot, skillsOf, mcp, gate };
    const starting = await startWork(parts, started);
    const { worker, feed, changes } = starting;
    const codes = createSignInCodes();
    const handlers = createHandlers({ ...parts, ...starting, codes });
    const http = await startHttp(parts, handlers);
    // Who watches a run here sees its last word: the streams end only after the runs.
    const endStreams = async () => {
      await worker.stop();
      feed.close();
      changes.close();
    };
    started.push(() => closeHttp(http, endStreams));
    const url = addressOf(http, config.host);
    await folder.setAddress(url);
    const signInLink = config.local ? `${url}/#code=${codes.issue(folder.secrets.local_user_id)}` : undefined;
    return { url, signInLink, sandbox, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openCommands(config: Config, logger: Logger, started: Stops): Promise<ChosenSandbox> {
  const chosen = await chooseSandbox(config, (entry, directory) => {
    logger.debug({ ...entry, directory }, "a command's way out");
  });
  started.push(() => chosen.sandbox.close());
  const { shown, notes } = chosen;
  const isWeak = shown === "off" || shown === "disabled";
  logger[isWeak ? "warn" : "info"]({ sandbox: shown, notes }, "how commands of the agent are isolated");
  return chosen;
}

/** Nobody uploads for longer: what was staged before is what a killed server left. */
const staleUploadMs = 24 * 3_600_000;

/** Takes its time beside everything else. */
function sweepUploads(folder: DataFolder, logger: Logger): void {
  openDirectory(folder.users)
    .then((users) => removeStaleUploads(users, new Date(Date.now() - staleUploadMs)))
    .catch((error) => logger.warn({ error }, "stale uploads could not be removed"));
}

/** Of the connections, for runs; the requests of people, however many, must not keep runs or the lease waiting. */
const shareOfRuns = 0.3;

async function openStores(
  config: Config,
  folder: DataFolder,
  logger: Logger,
  started: Stops,
): Promise<Pick<Parts, "database" | "runsDatabase">> {
  let address: DatabaseAddress;
  if (config.databaseUrl === undefined) {
    const postgres = await startEmbeddedPostgres({ folder: folder.postgres, logger });
    started.push(() => postgres.stop());
    address = postgres.address;
  } else {
    address = { url: config.databaseUrl };
  }
  const forRuns = Math.max(2, Math.ceil(config.databaseConnections * shareOfRuns));
  const open = (poolSize: number, applicationName: string) => {
    const database = openDatabase(address, { poolSize, applicationName, logger });
    started.push(() => database.close());
    return database;
  };
  const database = open(config.databaseConnections - forRuns, "zcbot");
  const runsDatabase = open(forRuns, "zcbot runs");
  await retryWhileAway(() => migrate(database));
  return { database, runsDatabase };
}

function createHandlers(parts: Parts & Starting & { codes: SignInCodes }): Handlers {
  const { config, folder, database, models, sandbox, userRoot } = parts;
  return {
    ...createHealthHandler(database, packageJson.version, sandbox.shown),
    ...createAuthHandlers({
      database,
      gate: parts.gate,
      stopSuspended: () => parts.worker.stopSuspended(),
      platformKey: config.platformKey ?? folder.secrets.platform_key,
      jwtSecret: config.jwtSecret ?? folder.secrets.jwt_secret,
      tokenTtlSeconds: config.tokenTtlSeconds,
      codes: parts.codes,
      local: config.local,
    }),
    ...createTaskHandlers({ ...parts, modelName: models.modelName, defaultProfile: models.defaultProfile }),
    ...createRunHandlers({ ...parts, modelName: models.modelName }),
    ...createPendingHandlers(parts),
    ...createUsageHandlers(parts),
    ...createApprovalHandlers(parts),
    ...createFileHandlers(userRoot, config.limits),
    ...createExportHandler(database, userRoot),
    ...createCatalogHandlers(models),
    ...createSkillHandlers(parts),
    ...createMemoryHandlers(parts),
    ...createMcpHandlers(parts),
  };
}

async function startHttp(parts: Parts, handlers: Handlers): Promise<HttpServer> {
  const { config, gate, logger } = parts;
  const built = join(findPackageRoot(), "dist");
  const app = createApp({
    handlers,
    authenticate: (incoming) => gate.authenticate(incoming),
    admit: (user, row, outgoing) => gate.admit(user, row, outgoing),
    logger,
    maxJsonBytes: config.limits.jsonBytes,
    bodyMs: config.limits.bodyMs,
    healthOnly: config.role === "worker",
    webDirectory: join(built, "web"),
    referenceDirectory: join(built, "docs"),
  });
  const http = createHttpServer(app, {
    ...config,
    boundTo: config.host,
    clients: gate.clients,
    logger,
    headersMs: config.limits.headersMs,
  });
  await listenOn(http, config.port, config.host);
  return http;
}
