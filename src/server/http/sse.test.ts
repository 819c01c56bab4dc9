import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Watcher } from "../events/event-feed.ts";
import { streamEvents } from "./sse.ts";

let http: Server;
let watchers: Watcher[];
let stopped: number;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  watchers = [];
  stopped = 0;
  http = createServer((_incoming, outgoing) => void streamEvents(outgoing, follow));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
});
afterEach(async () => {
  vi.useRealTimers();
  http.closeAllConnections();
  http.close();
});

function follow(watcher: Watcher): () => void {
  watchers.push(watcher);
  return () => {
    stopped += 1;
  };
}

test("a reader who is slow to take the end gets all of it, however long that takes", async () => {
  const socket = connect((http.address() as AddressInfo).port, "127.0.0.1");
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  await expect.poll(() => watchers.length).toBe(1);
  // More than the sockets' buffers hold.
  const size = 16 * 1024 * 1024;
  watchers[0]?.write(Buffer.alloc(size, "."), []);
  watchers[0]?.end();
  vi.advanceTimersByTime(60_000);
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk;
  });
  socket.resume();
  await once(socket, "close");
  expect(received.match(/\.{100}/g)?.length).toBeGreaterThan(size / 200);
  expect(received).toMatch(/\r\n0\r\n\r\n$/);
  expect(received).not.toContain("ping");
  await expect.poll(() => stopped).toBe(1);
});

test("a reader who went before the stream began leaves neither a timer nor a follower behind", async () => {
  const begun = Promise.withResolvers<void>();
  http.removeAllListeners("request");
  http.on("request", async (_incoming, outgoing) => {
    socket.destroy();
    await once(outgoing, "close");
    streamEvents(outgoing, follow);
    begun.resolve();
  });
  const socket = connect((http.address() as AddressInfo).port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await begun.promise;
  expect([watchers.length, vi.getTimerCount()]).toEqual([0, 0]);
});
