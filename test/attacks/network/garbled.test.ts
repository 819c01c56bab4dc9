import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildHello, nameExtension } from "../../support/network/client-hello.ts";
import { buildStreet, type Street } from "../../support/network/street.ts";
import { effort } from "../effort.ts";
import { connectTo, get } from "./attack.ts";
import { findName } from "./world.ts";

let street: Street;
beforeAll(async () => {
  street = await buildStreet({ allow: ["open.example", "*.below.example"], find: findName });
});
afterAll(() => street.close());

const hello = buildHello(nameExtension("open.example")).toString("latin1");
const pieces = [
  get("http://open.example/", "internal.example"),
  get("http://open.example/", "open.example", "Transfer-Encoding: chunked\r\n").concat(
    "5\r\nhello\r\n0\r\n\r\n",
  ),
  get("http://internal.example/"),
  connectTo("open.example:443").concat(hello),
  connectTo("open.example:80").concat("GET / HTTP/1.1\r\nHost: open.example\r\n\r\n"),
  connectTo("internal.example:443").concat(hello),
  ...[
    "http://",
    "@",
    "127.0.0.1",
    "[::1]",
    ":80",
    "#",
    "\\",
    "\0",
    "\r\n",
    "\r\n\r\n",
    "Host: ",
    "Content-Length: 9\r\n",
  ],
];
const garbled = fc
  .array(fc.tuple(fc.constantFrom(...pieces), fc.nat(1_000), fc.nat(1_000), fc.nat(255)), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) =>
    parts
      .map(([text, cut, at, byte], index) => {
        const part = index === 0 ? text : text.slice(0, cut);
        const place = at % (part.length + 1);
        return (
          part.slice(0, place) +
          (byte < 200 ? String.fromCharCode(byte) : "") +
          part.slice(place + (byte & 1))
        );
      })
      .join(""),
  );

/** Says it, and is done when the proxy has nothing more to say. */
function say(text: string): Promise<void> {
  return new Promise((done) => {
    const socket = connect(street.proxy)
      .on("error", () => {})
      .on("close", () => done());
    socket.resume().end(Buffer.from(text, "latin1"));
  });
}

const count = effort.isLong ? 20_000 : 200;

test(`of ${count} garbled requests none reaches anything else, and the proxy serves the next one as ever`, {
  timeout: 30_000 + 20 * count,
}, async () => {
  await fc.assert(
    fc.asyncProperty(garbled, async (text) => {
      await say(text);
      return street.inside.length === 0;
    }),
    { numRuns: count, seed: 1 },
  );
  expect(street.site.filter((seen) => !/open\.example|below\.example/.test(seen))).toEqual([]);
  expect(await street.say(get("http://open.example/"))).toMatch(/welcome$/);
});
