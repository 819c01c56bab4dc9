import type { Socket } from "node:net";
import { parseDestination } from "./host-pattern.ts";
import type { Route } from "./route.ts";
import { readServerName } from "./server-name.ts";

/** A fatal alert of TLS, `unrecognized_name`: what a client shows where it asked for another server than it connected to. */
const unrecognizedName = Buffer.from([21, 3, 3, 0, 2, 2, 112]);
/** In how many pieces the first message of TLS may come. */
const mostPieces = 32;

/**
 * Joins a client with a connected server until both have ended. Through a name's tunnel goes TLS alone, and only to that
 * name: on an address that many sites share, the list of hosts would otherwise allow them all. A port that the
 * list spells out, but for 443, may carry what it likes. `onRefused` is called where the client broke that; then both ends are closed.
 */
export function joinTunnel(
  client: Socket,
  server: Socket,
  head: Buffer,
  route: Route,
  onRefused: () => void,
): void {
  const begun: Buffer[] = [];
  const take = (piece: Buffer): void => {
    begun.push(piece);
    const bytes = Buffer.concat(begun);
    const asked = route.literal ? "none" : readServerName(bytes);
    if (asked === undefined && begun.length < mostPieces) return;
    client.off("data", take);
    const fits =
      typeof asked === "object"
        ? parseDestination(asked.name, 0)?.host === route.host
        : asked === "none" && (route.literal || (route.spelledOut && route.port !== 443));
    if (!fits) {
      onRefused();
      server.unpipe(client).destroy();
      return void client.end(unrecognizedName, () => client.destroy());
    }
    server.write(bytes);
    client.pipe(server);
  };
  const onEarlyEnd = (): void => {
    if (client.listeners("data").includes(take)) server.end();
  };
  server.pipe(client);
  client.on("data", take).once("end", onEarlyEnd);
  if (head.length > 0) take(head);
  // It may have ended while the way was looked for.
  if (client.readableEnded) onEarlyEnd();
}
