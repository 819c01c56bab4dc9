import type { Socket, TcpNetConnectOpts } from "node:net";
import { mayReachAll } from "./address-policy.ts";
import { type AllowedHost, type Destination, findInList } from "./host-pattern.ts";
import type { HostResolver } from "./resolve-host.ts";

/** Which hosts may be reached, and how. */
export interface ReachPolicy {
  allow: readonly AllowedHost[];
  resolve: HostResolver;
  connect(options: TcpNetConnectOpts): Socket;
}

/** A destination whose addresses were judged: all of them may be reached. */
export interface Route extends Destination {
  /** Its port stands in the list by number, for this host. */
  spelledOut: boolean;
  addresses: [string, ...string[]];
}

/** Why there is no way, as an HTTP status and a sentence for whoever wanted it. */
export interface Refusal {
  status: 400 | 403 | 502 | 503;
  sentence: string;
}

/** Longest wait for names and for connections, milliseconds each. */
const patience = 15_000;

/** What the list alone says, before any name is looked up. */
export function findRefusal({ allow }: ReachPolicy, destination: Destination): Refusal | undefined {
  const { host, port } = destination;
  switch (findInList(allow, destination)) {
    case "unlisted":
      return refuse(403, `${host} is not on this server's list of allowed hosts (ZCBOT_NETWORK_ALLOW).`);
    case "port":
      return refuse(
        403,
        `Port ${port} of ${host} is not on this server's list of allowed hosts (ZCBOT_NETWORK_ALLOW).`,
      );
    default:
      return undefined;
  }
}

/**
 * Looks the destination's name up, once, and judges every address: a single one that may not be reached refuses
 * the name, for a name that mixes them is made to deceive.
 */
export async function findRoute(
  policy: ReachPolicy,
  destination: Destination,
  signal: AbortSignal,
): Promise<Route | Refusal> {
  const refusal = findRefusal(policy, destination);
  if (refusal) return refusal;
  const { host, literal } = destination;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  const [first, ...others] = literal ? [host] : await policy.resolve(host, limit).catch(() => []);
  if (first === undefined)
    return refuse(502, `${host} has no address: the name does not exist, or no name server answers.`);
  if (!mayReachAll([first, ...others])) {
    return refuse(
      403,
      `${host} leads to an address that is private, local or of this server's own network; those are never reached.`,
    );
  }
  const spelledOut = findInList(policy.allow, destination) === "named";
  return { ...destination, spelledOut, addresses: [first, ...others] };
}

/** Connects to one of the judged addresses, whichever answers; nothing is looked up again. */
export function openConnection({ connect }: ReachPolicy, { host, port, addresses }: Route): Socket {
  const judged = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  const socket = connect({
    host,
    port,
    autoSelectFamily: true,
    // Node's quarter of a second is too short for the other side of the earth.
    autoSelectFamilyAttemptTimeout: 2_500,
    allowHalfOpen: true,
    noDelay: true,
    lookup: (_name, _options, answer) => answer(null, judged),
  });
  const timer = setTimeout(() => socket.destroy(new Error("No answer in time.")), patience);
  socket.once("connect", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
  return socket;
}

/** The sentence for a connection that `openConnection` could not make. */
export function describeFailure({ host, port }: Destination): Refusal {
  return refuse(502, `${host} does not answer on port ${port}.`);
}

export function refuse(status: Refusal["status"], sentence: string): Refusal {
  return { status, sentence };
}
