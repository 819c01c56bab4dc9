import type { IncomingMessage } from "node:http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepPace } from "./body-pace.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An upload that is received in spans of ten seconds, which have to bring 10 KiB each. */
function startUpload() {
  const incoming = {
    socket: { bytesRead: 500 },
    complete: false,
    readableLength: 0,
    readableHighWaterMark: 65_536,
  };
  const { promise, resolve } = Promise.withResolvers<string>();
  let outcome = "under way";
  keepPace(incoming as unknown as IncomingMessage, 10_000, () => promise).then(
    (result) => {
      outcome = result;
    },
    (error) => {
      outcome = error.code;
    },
  );
  const pass = async (bytes: number) => {
    incoming.socket.bytesRead += bytes;
    await vi.advanceTimersByTimeAsync(10_000);
    return outcome;
  };
  return { incoming, resolve, pass };
}

test("an upload at 1 KiB a second may take hours", async () => {
  const { pass, resolve } = startUpload();
  for (let span = 0; span < 1_000; span += 1) expect(await pass(10_240)).toBe("under way");
  resolve("已收到");
  expect(await pass(0)).toBe("已收到");
  expect(vi.getTimerCount()).toBe(0);
});

test("one that comes slower is given up, at whatever time it begins to", async () => {
  const { pass } = startUpload();
  expect(await pass(1_000_000)).toBe("under way");
  expect(await pass(10_239)).toBe("request_timeout");
  expect(vi.getTimerCount()).toBe(0);
});

test("a wait that is the server's own, for its disk or after the last byte, is not held against the sender", async () => {
  const { incoming, pass } = startUpload();
  incoming.readableLength = 65_536;
  expect(await pass(0)).toBe("under way");
  incoming.readableLength = 0;
  incoming.complete = true;
  expect(await pass(0)).toBe("under way");
  incoming.complete = false;
  expect(await pass(0)).toBe("request_timeout");
});
