import { readRealm, readStartTime } from "../data-folder/process-identity.ts";
import { heartbeatMs, leaseSeconds, type Peer, type ServerIdentity } from "../store/servers.ts";

/** Enough for a sign of life to come and be read, milliseconds. */
const benefitOfDoubtMs = heartbeatMs * 1.8;

/** Names this process among all servers of a database. */
export function identify(serverId: string, role: string): ServerIdentity {
  const processStart = readStartTime(process.pid) ?? null;
  return { serverId, role, realm: readRealm(), pid: process.pid, processStart };
}

/** Whether a process is somebody else's: of such a one nothing may be seen, though it lives. */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Which of the other servers are dead. A peer's signs of life are watched by this process's own steady clock, so
 * that neither a jump of the database's clock nor a database that was away for everybody makes the living look dead;
 * the database's clock only helps one that has just begun to watch. A process of the same machine is simply looked
 * for.
 */
export class Membership {
  readonly #realm: string;
  readonly #seen = new Map<string, { beat: number; since: number }>();
  #lastLook = Number.NEGATIVE_INFINITY;

  constructor(realm: string) {
    this.#realm = realm;
  }

  /** Judges what was read of the peers just now (monotonic milliseconds). */
  findDead(peers: Peer[], now: number): Peer[] {
    // After a pause of our own nobody can be blamed for what was not seen.
    const looksAgain = now - this.#lastLook > benefitOfDoubtMs;
    this.#lastLook = now;
    for (const id of this.#seen.keys())
      if (!peers.some((peer) => peer.serverId === id)) this.#seen.delete(id);
    return peers.filter((peer) => {
      const seen = this.#seen.get(peer.serverId);
      if (seen?.beat !== peer.beat || looksAgain) {
        this.#seen.set(peer.serverId, { beat: peer.beat, since: now });
        return this.#isGone(peer);
      }
      const silence = now - seen.since;
      return (
        silence >= leaseSeconds * 1000 || (peer.expired && silence >= benefitOfDoubtMs) || this.#isGone(peer)
      );
    });
  }

  #isGone({ realm, pid, processStart }: Peer): boolean {
    if (realm !== this.#realm || pid === null || processStart === null) return false;
    return !isHidden(pid) && readStartTime(pid) !== processStart;
  }
}
