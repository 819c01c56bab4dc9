import { once } from "node:events";
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from "node:net";

/** `up` is what clients send, `down` what comes back. */
export type Direction = "up" | "down";

/** A way to a TCP server (or unix socket) on which everything may happen that happens to networks. */
export interface FaultProxy {
  port: number;
  /** Delays every chunk by this much and up to `jitterMs` more; 0 ends it. */
  delay(ms: number, jitterMs?: number): void;
  /** Resets all connections; says how many. With `share` (0 to 1), only some. */
  cut(share?: number): number;
  /** Resets all connections and refuses new ones. */
  refuse(): Promise<void>;
  /** Takes connections and bytes and passes nothing on, without a word. */
  freeze(): void;
  /** Ends `refuse` and `freeze`; what was held back is passed on, as TCP would after a partition. */
  open(): Promise<void>;
  /** The next connection that carries data down is reset when this many bytes more have come down. */
  resetAfter(bytes: number): void;
  /** Looks at every chunk before it is passed on, counted from 1 by direction; false drops it. */
  tap(look: ((direction: Direction, count: number) => boolean) | undefined): void;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  /** Asked for each connection; undefined: there is nobody, the connection is reset. */
  target: () => NetConnectOpts | undefined;
  /** From 0 to below 1: the chance behind jitter and cuts. */
  chance: () => number;
}

interface Faults {
  delayMs: number;
  jitterMs: number;
  frozen: boolean;
  resetAfter: number | undefined;
  look: ((direction: Direction, count: number) => boolean) | undefined;
  counts: Record<Direction, number>;
}

export async function startFaultProxy({ target, chance }: FaultProxyOptions): Promise<FaultProxy> {
  const faults: Faults = {
    delayMs: 0,
    jitterMs: 0,
    frozen: false,
    resetAfter: undefined,
    look: undefined,
    counts: { up: 0, down: 0 },
  };
  const links = new Set<Link>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const to = target();
    client.on("error", () => {});
    if (!to) return void client.resetAndDestroy();
    const link = createLink(
      client,
      connect({ ...to, allowHalfOpen: true } as NetConnectOpts),
      faults,
      chance,
    );
    links.add(link);
    client.once("close", () => links.delete(link));
  });
  let port = 0;
  const listen = async () => {
    if (server.listening) return;
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  };
  const cut = (share = 1) => {
    const chosen = [...links].filter(() => share >= 1 || chance() < share);
    for (const link of chosen) link.reset();
    return chosen.length;
  };
  const refuse = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    cut();
    await closed;
  };
  await listen();
  return {
    get port() {
      return port;
    },
    delay(ms, jitterMs = 0) {
      faults.delayMs = ms;
      faults.jitterMs = jitterMs;
    },
    cut,
    refuse,
    freeze() {
      faults.frozen = true;
    },
    async open() {
      faults.frozen = false;
      for (const link of links) link.flush();
      await listen();
    },
    resetAfter(bytes) {
      faults.resetAfter = bytes;
    },
    tap(look) {
      faults.look = look;
      faults.counts = { up: 0, down: 0 };
    },
    close: refuse,
  };
}

interface Link {
  reset(): void;
  flush(): void;
}

function createLink(client: Socket, behind: Socket, faults: Faults, chance: () => number): Link {
  const reset = () => {
    client.resetAndDestroy();
    // What is behind may be a unix socket, which knows no reset.
    behind.destroy();
  };
  const lanes = [
    createLane(client, behind, "up", faults, chance, reset),
    createLane(behind, client, "down", faults, chance, reset),
  ];
  for (const socket of [client, behind]) {
    socket.on("error", reset);
    socket.on("close", () => {
      // Whoever closed properly has had its last words queued; they may still be on their way.
      if (lanes.every((lane) => lane.idle())) reset();
    });
  }
  return {
    reset,
    flush() {
      for (const lane of lanes) lane.pump();
    },
  };
}

/** What a lane may hold before it stops reading, bytes. */
const laneLimit = 4 * 2 ** 20;

function createLane(
  from: Socket,
  to: Socket,
  direction: Direction,
  faults: Faults,
  chance: () => number,
  reset: () => void,
): { pump(): void; idle(): boolean } {
  /** A chunk and the time it may pass; null is the end. */
  const queue: { chunk: Buffer | null; at: number }[] = [];
  let held = 0;
  let timer: NodeJS.Timeout | undefined;
  const add = (chunk: Buffer | null) => {
    queue.push({ chunk, at: performance.now() + faults.delayMs + chance() * faults.jitterMs });
    held += chunk?.length ?? 0;
    if (held > laneLimit) from.pause();
    pump();
  };
  const pump = (): void => {
    if (timer) return;
    while (queue[0] && !faults.frozen) {
      const wait = queue[0].at - performance.now();
      if (wait > 0) {
        timer = setTimeout(() => {
          timer = undefined;
          pump();
        }, wait);
        return;
      }
      const { chunk } = queue.shift() ?? { chunk: null };
      held -= chunk?.length ?? 0;
      if (chunk === null) to.end();
      else pass(chunk);
    }
    if (held <= laneLimit) from.resume();
  };
  const pass = (chunk: Buffer): void => {
    faults.counts[direction] += 1;
    if (faults.look && !faults.look(direction, faults.counts[direction])) return;
    if (direction === "down" && faults.resetAfter !== undefined) {
      faults.resetAfter -= chunk.length;
      if (faults.resetAfter <= 0) {
        const rest = chunk.length + faults.resetAfter;
        faults.resetAfter = undefined;
        to.write(chunk.subarray(0, rest));
        // After the write has reached the kernel: a reset throws away what has not.
        setImmediate(reset);
        return;
      }
    }
    to.write(chunk);
  };
  from.on("data", add);
  from.on("end", () => add(null));
  return { pump, idle: () => queue.length === 0 };
}
