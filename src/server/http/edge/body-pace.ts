import type { IncomingMessage } from "node:http";
import { ApiError } from "../../../protocol/error.ts";

/** What an upload must bring for each second, bytes. */
const leastBytes = 1024;

/**
 * Runs `receive`, which reads a body of any size, and gives it up where the sender lets it wait: less than 1 KiB a
 * second within a span of `spanMs`. Throws `request_timeout`.
 */
export async function keepPace<Result>(
  incoming: IncomingMessage,
  spanMs: number,
  receive: () => Promise<Result>,
): Promise<Result> {
  const { promise: tooSlow, reject } = Promise.withResolvers<never>();
  let received = incoming.socket.bytesRead;
  const look = setInterval(() => {
    const since = received;
    received = incoming.socket.bytesRead;
    // What lies here unread is no delay of the sender's.
    if (incoming.complete || incoming.readableLength >= incoming.readableHighWaterMark) return;
    if (received - since < (leastBytes * spanMs) / 1000) reject(requestTimeout());
  }, spanMs);
  const receiving = receive();
  // Where it is given up, it ends with the connection.
  receiving.catch(() => {});
  try {
    return await Promise.race([receiving, tooSlow]);
  } finally {
    clearInterval(look);
  }
}

export function requestTimeout(): ApiError {
  return new ApiError("request_timeout", "The request came too slowly. Send it again, faster.");
}
