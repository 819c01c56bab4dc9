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

/** The URL a browser on this machine can open. */
export function addressOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const everywhere = host === "0.0.0.0" || host === "::";
  const name = everywhere ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
