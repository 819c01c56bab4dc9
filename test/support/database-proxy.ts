import { once } from "node:events";
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from "node:net";

/** A way to a Postgres that a test may block and open again. */
export interface DatabaseProxy {
  /** As DATABASE_URL. */
  url: string;
  /** Cuts all connections and refuses new ones. */
  block(): Promise<void>;
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Stands before the Postgres of this DATABASE_URL. */
export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = readTarget(databaseUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(target);
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  let port = 0;
  const open = async () => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  };
  const block = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await open();
  const url = new URL(databaseUrl.replace(/^(\w+:\/\/(?:[^/@]*@)?)\//, "$1localhost/"));
  url.host = `127.0.0.1:${port}`;
  url.searchParams.delete("host");
  url.searchParams.delete("port");
  return { url: url.href, block, open, close: block };
}

function readTarget(databaseUrl: string): NetConnectOpts {
  const url = new URL(databaseUrl);
  const directory = url.searchParams.get("host");
  const port = url.searchParams.get("port") ?? (url.port || "5432");
  if (directory?.startsWith("/")) return { path: `${directory}/.s.PGSQL.${port}` };
  return { host: directory ?? url.hostname, port: Number(port) };
}
