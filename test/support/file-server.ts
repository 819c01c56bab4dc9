import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createApp } from "../../src/server/http/app.ts";
import { createClients } from "../../src/server/http/edge/clients.ts";
import { createHttpServer } from "../../src/server/http/edge/http-server.ts";
import type { Handlers } from "../../src/server/http/handler.ts";
import { createFileHandlers } from "../../src/server/http/handlers/files.ts";
import { openDirectory } from "../../src/workspace/open-directory.ts";

/** The file routes alone, without a database, for one user whose root is a folder below a temporary one. */
export interface FileServer {
  /** The address of the file routes. */
  url: string;
  http: Server;
  userId: string;
  /** The folder around the user's root; `外面.txt` in it is not the user's. */
  host: string;
  /** The host path of what the user calls `path`. */
  inside(path: string): string;
  connect(): Socket;
  close(): Promise<void>;
}

const userId = "018f0000-0000-7000-8000-000000000001";
const limits = { uploadBytes: 1_000_000, uploadFiles: 3 };

/** Uploads are limited to 1,000,000 bytes a file and 3 files. */
export async function startFileServer(): Promise<FileServer> {
  const host = await mkdtemp(join(tmpdir(), "zcbot-文件-"));
  await writeFile(join(host, "外面.txt"), "secret");
  const root = openDirectory(join(host, userId));
  await root;
  const logger = pino({ level: "silent" });
  const app = createApp({
    // The other routes are not called here.
    handlers: createFileHandlers(() => root, limits) as Handlers,
    authenticate: async () => ({ userId, scope: "user" }),
    admit: () => {},
    logger,
    maxJsonBytes: 1_000_000,
    bodyMs: 30_000,
    webDirectory: host,
    referenceDirectory: host,
  });
  const http = createHttpServer(app, {
    hosts: undefined,
    local: false,
    boundTo: "127.0.0.1",
    corsOrigins: undefined,
    clients: createClients([]),
    logger,
    headersMs: 10_000,
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/files`,
    http,
    userId,
    host,
    inside: (path) => join(host, userId, path),
    connect: () => connect(port, "127.0.0.1"),
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await rm(host, { recursive: true });
    },
  };
}

/** The query that names a path. */
export function pathQuery(path: string): string {
  return `?path=${encodeURIComponent(path)}`;
}

/** Status and code of a refusal. */
export async function refusal(response: Response): Promise<[status: number, code: string]> {
  return [response.status, ((await response.json()) as { code: string }).code];
}

/** Settles when `condition` holds; the test's own time limit bounds it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
