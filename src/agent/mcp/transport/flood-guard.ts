/** What one server may send: bytes of one message, and of messages and bytes so many at once and so many a second. */
const maxMessageBytes = 16 * 2 ** 20;
const burstBytes = 64 * 2 ** 20;
const bytesPerSecond = 4 * 2 ** 20;
const burstMessages = 2_000;
const messagesPerSecond = 100;

/** A server sends more than anybody can take; the message ends a sentence that begins with the server. */
export class McpFlood extends Error {
  override readonly name = "McpFlood";
}

/** Counts what a server sends. Both methods throw `McpFlood` once it is too much. */
export interface FloodGuard {
  /** Bytes that have come; `open` of them belong to a message that has no end yet. */
  bytes(count: number, open: number): void;
  message(): void;
}

/** A guard for one connection; `now` gives milliseconds of a steady clock. */
export function createFloodGuard(now: () => number = () => performance.now()): FloodGuard {
  const bytes = createBucket(burstBytes, bytesPerSecond, now);
  const messages = createBucket(burstMessages, messagesPerSecond, now);
  return {
    bytes(count, open) {
      if (open > maxMessageBytes)
        throw new McpFlood(`it sent a message of more than ${maxMessageBytes / 2 ** 20} MiB`);
      if (!bytes(count)) throw new McpFlood("it sent more data than anybody can take");
    },
    message() {
      if (!messages(1)) throw new McpFlood("it sent more messages than anybody can take");
    },
  };
}

/** Says whether so much may still be taken. */
function createBucket(size: number, perSecond: number, now: () => number): (amount: number) => boolean {
  let left = size;
  let at = now();
  return (amount) => {
    const time = now();
    left = Math.min(size, left + ((time - at) / 1_000) * perSecond) - amount;
    at = time;
    return left >= 0;
  };
}
