import { crc32, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { expect } from "vitest";
import { upload } from "../../support/api/multipart.ts";
import { type Bomb, mebibyte, statusOf } from "./world.ts";

const zeros = Buffer.alloc(32 * mebibyte);

/** A zip whose directory names one packed entry many times; the sizes it tells are its own invention. */
function zip(names: string[], plain: Uint8Array, told = plain.length): Buffer {
  const packed = deflateRawSync(plain);
  const sum = crc32(plain);
  const fields = (name: Buffer) => {
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(8, 4);
    head.writeUInt32LE(sum, 10);
    head.writeUInt32LE(packed.length, 14);
    head.writeUInt32LE(told, 18);
    head.writeUInt16LE(name.length, 22);
    return head;
  };
  const first = Buffer.from(names[0] ?? "");
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), fields(first), first, packed]);
  const directory = names.map((each) => {
    const name = Buffer.from(each);
    return Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), fields(name), Buffer.alloc(14), name]);
  });
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Math.min(names.length, 65_535), 4);
  end.writeUInt16LE(Math.min(names.length, 65_535), 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, ...directory, Buffer.from("PK\x05\x06"), end]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  const named = Buffer.concat([Buffer.from(type), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([head, named, sum]);
}

function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const image = chunk("IDAT", deflateSync(zeros));
  const text = chunk("zTXt", Buffer.concat([Buffer.from("Comment\0\0"), deflateSync(zeros)]));
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([start, chunk("IHDR", header), text, image, chunk("IEND", Buffer.alloc(0))]);
}

function laughs(element: string, attributes: string): string {
  const entities = Array.from({ length: 12 }, (_, level) =>
    level === 0 ? '<!ENTITY a0 "哈">' : `<!ENTITY a${level} "${`&a${level - 1};`.repeat(10)}">`,
  );
  return `<?xml version="1.0"?><!DOCTYPE ${element} [${entities.join("")}]><${element} ${attributes}>&a11;</${element}>`;
}

function bmp(width: number, height: number): Buffer {
  const head = Buffer.alloc(54);
  head.write("BM");
  head.writeUInt32LE(54, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(24, 28);
  return head;
}

function tar(): Buffer {
  const head = Buffer.alloc(1024);
  head.write("大.bin");
  head.write("77777777777\0", 124);
  head.write("0ustar\0", 156);
  return head;
}

const outside = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>';

/** Files that burst when somebody unpacks, lays out or decodes them. The server keeps and gives bytes. */
export const contents: [name: string, content: () => Uint8Array][] = [
  ["压缩.zip", () => zip(["零"], zeros)],
  [
    "重叠.zip",
    () =>
      zip(
        Array.from({ length: 20_000 }, (_, index) => `零${index}`),
        zeros,
        0xffff_fffe,
      ),
  ],
  ["套.zip", () => zip(["套.zip"], zip(["零"], zeros))],
  ["文档.docx", () => zip(["[Content_Types].xml", "word/document.xml"], zeros)],
  ["表格.xlsx", () => zip(["xl/worksheets/sheet1.xml"], Buffer.from(laughs("worksheet", "")))],
  ["实体.xml", () => Buffer.from(laughs("lolz", ""))],
  ["外部.xml", () => Buffer.from(outside)],
  ["实体.svg", () => Buffer.from(laughs("svg", 'xmlns="http://www.w3.org/2000/svg"'))],
  [
    "大图.svg",
    () =>
      Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="1e9" height="1e9"><filter id="f"><feTurbulence numOctaves="99999"/></filter><rect width="1e9" height="1e9" filter="url(#f)"/></svg>',
      ),
  ],
  ["图.png", () => png(0x7fff_ffff, 0x7fff_ffff)],
  ["图.bmp", () => bmp(0x7fff_ffff, 0x7fff_ffff)],
  ["零.gz", () => gzipSync(zeros)],
  ["档.tar", tar],
  ["深.html", () => Buffer.from("<div>".repeat(200_000))],
  ["深.json", () => Buffer.from("[".repeat(1_000_000))],
  ["一行.csv", () => Buffer.from("水,".repeat(1_000_000))],
  ["行.txt", () => Buffer.from("\n".repeat(4 * mebibyte))],
  ["引.md", () => Buffer.from(`${">".repeat(100_000)}引`)],
  ["文.pdf", () => Buffer.from(`%PDF-1.7\n1 0 obj<</Type/Pages/Kids[${"1 0 R ".repeat(100_000)}]>>endobj`)],
  ["宽.txt", () => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.alloc(3 * mebibyte + 1, 0xd8)])],
];

/** Of a result of a tool: its length in characters. */
export const short = expect.toSatisfy((length: number) => length > 0 && length < 60_000);

const kept: Bomb[] = contents.map(([name, content]) => ({
  name: `content: ${name}`,
  gives: { uploaded: 200, listed: true, shown: true, downloaded: true, head: 200 },
  async act({ attacker }) {
    const bytes = Buffer.from(content());
    const uploaded = await upload(attacker, [
      { name: "path", content: "工" },
      { filename: name, content: bytes },
    ]);
    const listing = await attacker.fetch("/v1/files?path=%E5%B7%A5");
    const { entries } = (await listing.json()) as { entries: { name: string; size: number }[] };
    const query = `?path=${encodeURIComponent(`工/${name}`)}`;
    const same = async (address: string) =>
      Buffer.from(await (await attacker.fetch(address + query)).arrayBuffer()).equals(bytes);
    return {
      uploaded: uploaded.status,
      listed: entries.some((entry) => entry.name === name && entry.size === bytes.length),
      shown: await same("/v1/files/raw"),
      downloaded: await same("/v1/files/download"),
      head: await statusOf(attacker.fetch(`/v1/files/raw${query}`, { method: "HEAD" })),
    };
  },
}));

export const contentBombs: Bomb[] = kept;

/** What was uploaded, read: by a thread with a share of memory of its own (`workspace/documents`). */
export const documentBombs: Bomb[] = [
  {
    name: "content: all of them, read by the model",
    gives: contents.map(() => short),
    async act({ callTools }) {
      const texts = await callTools(contents.map(([path]) => ["read", { path }]));
      return texts.map((text) => text.length);
    },
  },
];
