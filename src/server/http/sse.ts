import type { ServerResponse } from "node:http";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Watcher } from "../events/event-feed.ts";

/** A ping is promised every 15 s: a timer that is late must not break that. */
const pingMs = 12_000;
/** A reader further behind than this is dropped: it can resume, and never slows another. */
const maxQueuedBytes = 1024 * 1024;

/** Streams events to one reader for as long as it stays, or until `follow`, which is handed it, ends the stream. */
export function streamEvents(outgoing: ServerResponse, follow: (watcher: Watcher) => () => void): Response {
  const head = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
  };
  // Who has gone already would never be noticed to go.
  if (outgoing.destroyed) return RESPONSE_ALREADY_SENT;
  if (outgoing.req.method === "HEAD") return new Response(null, { headers: head });
  outgoing.writeHead(200, head);
  outgoing.write(": connected\nretry: 3000\n\n");
  // Frames are small and each is waited for.
  outgoing.socket?.setNoDelay(true);
  const ping = setInterval(() => {
    // A slow reader may still be taking the end.
    if (!outgoing.writableEnded) outgoing.write(": ping\n\n");
  }, pingMs);
  const stop = follow(responseWatcher(outgoing));
  outgoing.on("close", () => {
    clearInterval(ping);
    stop();
  });
  outgoing.on("error", () => outgoing.destroy());
  return RESPONSE_ALREADY_SENT;
}

function responseWatcher(outgoing: ServerResponse): Watcher {
  return {
    write(bytes) {
      outgoing.write(bytes);
      if (outgoing.writableLength > maxQueuedBytes + bytes.length) outgoing.destroy();
    },
    async ready() {
      if (!outgoing.writableNeedDrain || outgoing.destroyed) return;
      await new Promise<void>((resolve) => {
        const done = () => {
          outgoing.off("drain", done);
          outgoing.off("close", done);
          resolve();
        };
        outgoing.on("drain", done);
        outgoing.on("close", done);
      });
    },
    end() {
      outgoing.end();
    },
  };
}

/** Where a reader wants to go on: its `Last-Event-ID`, else `?after`; 0 is the beginning. */
export function resumePoint(lastEventId: string | undefined, after: number | undefined): number {
  const fromHeader = /^\d{1,15}$/.test(lastEventId?.trim() ?? "") ? Number(lastEventId) : undefined;
  return Math.max(0, Math.min(2_147_483_647, fromHeader ?? after ?? 0));
}
