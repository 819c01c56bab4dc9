import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { StartError } from "./start-error.ts";

/** Makes the server listen; throws StartError that says what to set where it cannot. */
export async function listenOn(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const inUse = error.code === "EADDRINUSE";
      const reason = inUse ? "is in use by another program" : `cannot be listened on (${error.code})`;
      const advice = inUse ? "Set --port or ZCBOT_PORT to a free one, or 0." : "Set --host and --port.";
      reject(new StartError([`${host}:${port} ${reason}. ${advice}`], 1, error));
    });
    server.listen(port, host, resolve);
  });
}

/** How long answers under way may go on once the server closes, milliseconds. */
const graceMs = 2_000;

/** Takes no new connections, has `endStreams` end what would never end, and gives the rest a moment. */
export async function closeHttp(server: Server, endStreams: () => Promise<void>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  await endStreams();
  // A connection whose answer has ended is idle, and would be kept for the next request.
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}

/** The URL a browser on this machine can open. */
export function addressOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const everywhere = host === "0.0.0.0" || host === "::";
  const name = everywhere ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
