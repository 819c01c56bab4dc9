import { gzipSync } from "node:zlib";
import { expect } from "vitest";
import { openConnection } from "../../support/api/raw-connection.ts";
import { type Bomb, mebibyte, statusOf, type World } from "./world.ts";

/** One of these statuses. */
export const refused = (...statuses: number[]) => expect.toBeOneOf(statuses);

const json = (
  name: string,
  body: string | (() => string | Uint8Array),
  gives: unknown,
  headers = {},
): Bomb => ({
  name: `JSON: ${name}`,
  gives,
  act: ({ attacker }) =>
    statusOf(
      attacker.fetch("/v1/tasks", {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: (typeof body === "string" ? body : body()) as string,
      }),
    ),
});

const get = (name: string, path: string | (() => string), gives: unknown, headers = {}): Bomb => ({
  name: `query: ${name}`,
  gives,
  act: ({ attacker }) => statusOf(attacker.fetch(typeof path === "string" ? path : path(), { headers })),
});

const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

/** Sends a chunk over and over, until it is answered. */
export async function sendChunks(
  { url, attacker }: World,
  head: string[],
  chunk: Buffer,
  count: number,
): Promise<number> {
  const connection = await openConnection(url);
  const lines = [
    ...head,
    "Host: localhost",
    `Authorization: Bearer ${attacker.token}`,
    "Transfer-Encoding: chunked",
  ];
  connection.send(`${lines.join("\r\n")}\r\n\r\n`);
  const answer = connection.nextAnswer();
  let isOver = false;
  answer.then(() => {
    isOver = true;
  });
  for (let sent = 0; sent < count && !isOver; sent++) {
    connection.send(`${chunk.length.toString(16)}\r\n`);
    connection.send(chunk);
    connection.send("\r\n");
    await new Promise((resolve) => setImmediate(resolve));
  }
  connection.send("0\r\n\r\n");
  const status = (await answer)?.status ?? 0;
  connection.close();
  return status;
}

/** Of 32 MiB; several behind one another unpack as one. */
const packed = gzipSync(Buffer.alloc(32 * mebibyte));

/** Bodies, addresses and headers that are large, deep, packed or endless. */
export const requestBombs: Bomb[] = [
  json("arrays 400,000 deep", () => deep("[", "]", 400_000), 422),
  json("objects 150,000 deep", () => `${'{"a":'.repeat(150_000)}1${"}".repeat(150_000)}`, 422),
  json("a name 400,000 arrays deep", () => `{"name":${deep("[", "]", 400_000)}}`, 422),
  json(
    "arrays deep, with an escape that is looked for",
    () => `{"name":"\\u0041","x":${deep("[", "]", 200_000)}}`,
    201,
  ),
  json("arrays that never close", "[".repeat(1_000_000), 422),
  json("a number of 900,000 digits", `{"name":${"9".repeat(900_000)}}`, 422),
  json("an exponent of a million", '{"name":1e1000000}', 422),
  json("the same key 60,000 times", () => `{${'"name":"甲",'.repeat(60_000)}"name":"乙"}`, 201),
  json(
    "100,000 keys",
    () => `{${Array.from({ length: 100_000 }, (_, i) => `"${i}":0`).join()},"name":"丙"}`,
    201,
  ),
  json(
    "keys that hash alike",
    () => `{${Array.from({ length: 60_000 }, (_, i) => `"${i * 65_536}":0`).join()}}`,
    422,
  ),
  json("__proto__ with what is asked for", '{"__proto__":{"name":"丁"}}', 422),
  json("constructor.prototype", '{"constructor":{"prototype":{"name":"戊"}}}', 422),
  json("a name of 900,000 characters", `{"name":"${"长".repeat(300_000)}"}`, 400),
  json("100,000 lone surrogates", `{"name":"${"\\ud800".repeat(100_000)}"}`, 400),
  json("a megabyte of blanks", `${" ".repeat(mebibyte - 2)}{}`, 422),
  json("bytes that are no UTF-8", () => new Uint8Array(900_000).fill(0xff), 400),
  json("more than a body may hold", () => `{"name":"${"x".repeat(3 * mebibyte)}"}`, 413),
  json("gzip that is not unpacked", () => gzipSync('{"name":"己"}'), refused(400, 415, 422), {
    "Content-Encoding": "gzip",
  }),
  json(
    "gzip of 512 MiB",
    () => Buffer.concat(Array.from({ length: 16 }, () => packed)),
    refused(400, 413, 415, 422),
    {
      "Content-Encoding": "gzip",
    },
  ),
  {
    name: "JSON: chunks without an end",
    gives: 413,
    act: (world) =>
      sendChunks(
        world,
        ["POST /v1/tasks HTTP/1.1", "Content-Type: application/json"],
        Buffer.alloc(65_536, " "),
        4_000,
      ),
  },
  get("2,000 parameters", () => `/v1/tasks?${"a=1&".repeat(2_000)}page=1`, 200),
  get("a path of 12,000 characters", () => `/v1/files?path=${"../".repeat(4_000)}`, 400),
  get("a path 1,900 folders deep that is not there", () => `/v1/files?path=${"d/".repeat(1_900)}`, 200),
  get("a path that goes up and down 1,300 times", () => `/v1/files?path=${"x/../".repeat(800)}`, 200),
  get("a name of 5,000 bytes", () => `/v1/files/raw?path=${"x".repeat(5_000)}`, 400),
  get("escapes of names, 4,000 of them", () => `/v1/files?path=${"%EE%BF%A4".repeat(1_300)}`, 400),
  get("a page beyond all numbers", "/v1/files?page=999999999999999999999999&page_size=99999999999", 200),
  get("patterns in a search", () => `/v1/tasks?q=${"%25_".repeat(3_000)}`, 200),
  get("an order by 2,000 fields", () => `/v1/tasks?ordering=${"-name,created_at,".repeat(600)}`, 200),
  get("a header of 60,000 bytes", "/v1/files", 431, { "X-Bomb": "x".repeat(60_000) }),
  get("10,000 ranges", "/healthz", 200, { Range: `bytes=${"0-0,".repeat(3_000)}0-0` }),
  get("2,000 tags", "/healthz", 200, { "If-None-Match": '"x",'.repeat(3_000) }),
];
