import { readdir } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { encodeForm, type FormPart, formType } from "../../support/api/multipart.ts";
import { refused, sendChunks } from "./requests.ts";
import { type Bomb, mebibyte, statusOf, type World } from "./world.ts";

const boundary = formType.split("boundary=")[1] ?? "";
const file = (
  filename: string,
  content: string | Uint8Array = "x",
  more: Partial<FormPart> = {},
): FormPart => ({
  filename,
  content,
  ...more,
});

interface Form {
  body: () => Uint8Array;
  type?: string;
  headers?: Record<string, string>;
}

/** Status, and what of the attacker's folder is new. */
function form(
  name: string,
  { body, type = formType, headers = {} }: Form,
  status: unknown,
  kept: string[] = [],
): Bomb {
  return {
    name: `multipart: ${name}`,
    gives: [status, kept],
    async act(world) {
      const before = await namesIn(world);
      const sent = {
        method: "POST",
        headers: { "Content-Type": type, ...headers },
        body: body() as Uint8Array<ArrayBuffer>,
      };
      const answered = await statusOf(world.attacker.fetch("/v1/files/upload", sent));
      return [answered, (await namesIn(world)).filter((each) => !before.includes(each))];
    },
  };
}

const namesIn = ({ root }: World) => readdir(root);

function endless(name: string, chunk: Buffer, status: unknown): Bomb {
  const head = ["POST /v1/files/upload HTTP/1.1", `Content-Type: ${formType}`];
  return {
    name: `multipart: ${name}`,
    gives: [status, true],
    async act(world) {
      const before = await namesIn(world);
      const answered = await sendChunks(world, head, chunk, 3_000);
      return [answered, (await namesIn(world)).join() === before.join()];
    },
  };
}

const parts = (list: FormPart[], more = {}): Form => ({ body: () => encodeForm(list, more) });
const many = (count: number, part: (index: number) => FormPart): Form =>
  parts(Array.from({ length: count }, (_, index) => part(index)));

function nested(depth: number): string {
  let text = "x";
  for (let level = 0; level < depth; level++) {
    text = `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n${text}\r\n--b${level}--`;
  }
  return text;
}

const ends = (text: string): Form => ({
  body: () => Buffer.concat([encodeForm([file("尾.txt")]), Buffer.from(text)]),
});

/** Forms with too many parts, parts that are none, and ends that never come. */
export const multipartBombs: Bomb[] = [
  form(
    "20,000 files",
    many(20_000, (index) => file(`${index}`)),
    413,
  ),
  form(
    "20,000 fields",
    many(20_000, () => ({ name: "x", content: "" })),
    413,
  ),
  form(
    "200 paths",
    many(200, (index) => ({ name: "path", content: `${index}` })),
    413,
  ),
  form("a path of 4 MiB", parts([{ name: "path", content: "a/".repeat(2 * mebibyte) }, file("一")]), 400),
  form(
    "a header of 1 MiB",
    parts([file("一", "x", { headers: [`X-A: ${"a".repeat(mebibyte)}`] })]),
    refused(400, 422),
  ),
  form(
    "20,000 headers",
    parts([file("一", "x", { headers: Array.from({ length: 20_000 }, (_, i) => `X-${i}: 1`) })]),
    refused(400, 422),
  ),
  form("a name of 1 MiB", parts([file("长".repeat(350_000))]), refused(400, 422)),
  form(
    "a field's name of 1 MiB",
    parts([{ name: "n".repeat(mebibyte), content: "x" }, file("一")]),
    refused(400, 413, 422),
  ),
  form(
    "a name in 2,000 pieces",
    parts([
      file("", "x", {
        disposition: `form-data; name="files"; ${Array.from({ length: 2_000 }, (_, i) => `filename*${i}*=x`).join("; ")}`,
      }),
    ]),
    refused(400, 422),
  ),
  form("forms 500 deep are kept as they are", parts([file("深.txt", nested(500))]), 200, ["深.txt"]),
  form("no end", parts([file("一", "x".repeat(mebibyte))], { end: false }), 422),
  form(
    "nothing but boundaries",
    { body: () => Buffer.from(`--${boundary}\r\n\r\n`.repeat(100_000)) },
    refused(400, 413, 422),
  ),
  form(
    "what is nearly a boundary",
    parts([file("近.txt", `\r\n--${boundary.slice(0, -1)}`.repeat(100_000))]),
    200,
    ["近.txt"],
  ),
  form("4 MiB of line feeds as a file", parts([file("行.txt", "\r\n".repeat(2 * mebibyte))]), 200, [
    "行.txt",
  ]),
  form(
    "a boundary of 20,000 characters",
    { body: () => encodeForm([file("一")]), type: `multipart/form-data; boundary=${"b".repeat(12_000)}` },
    refused(400, 422, 431),
  ),
  form(
    "2,000 parameters of the type",
    { body: () => encodeForm([file("一")]), type: `${formType}; ${"a=b; ".repeat(2_000)}` },
    refused(400, 422, 431),
  ),
  form(
    "an encoding that is not undone",
    parts([file("编.txt", "eHh4", { headers: ["Content-Transfer-Encoding: base64"] })]),
    200,
    ["编.txt"],
  ),
  form(
    "gzip that is not unpacked",
    {
      body: () => gzipSync(encodeForm([file("压.txt", new Uint8Array(16 * mebibyte))])),
      headers: { "Content-Encoding": "gzip" },
    },
    refused(400, 415, 422),
  ),
  form(
    "a file over the limit",
    { body: () => encodeForm([file("大.bin", new Uint8Array(10 * mebibyte))]) },
    413,
  ),
  form("20 MiB behind the end", ends("x".repeat(20 * mebibyte)), 413),
  endless("a beginning without an end", Buffer.alloc(65_536, "x"), 413),
  endless("line feeds without an end", Buffer.alloc(65_536, "\r\n"), 413),
  {
    name: "multipart: fewer bytes than were promised, then gone",
    gives: true,
    async act(world) {
      const before = (await namesIn(world)).join();
      for (let turn = 0; turn < 20; turn++) await sendHalf(world);
      while ((await namesIn(world)).join() !== before)
        await new Promise((resolve) => setTimeout(resolve, 20));
      return true;
    },
  },
];

async function sendHalf({ url, attacker }: World): Promise<void> {
  const stop = new AbortController();
  const body = new ReadableStream({
    start: (controller) =>
      controller.enqueue(encodeForm([file("半.bin", "x".repeat(200_000))], { end: false })),
  });
  const sent = fetch(`${url}/v1/files/upload`, {
    method: "POST",
    headers: { "Content-Type": formType, Authorization: `Bearer ${attacker.token}` },
    body,
    duplex: "half",
    signal: stop.signal,
  } as RequestInit);
  setTimeout(() => stop.abort(), 30);
  await sent.catch(() => {});
}
