import { crc32 } from "node:zlib";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { DocumentRefusal } from "./document-job.ts";

const maxEntries = 20_000;
/** Of all parts that are read of one archive, unpacked, bytes: a sheet of 500,000 rows and more. */
const maxUnpacked = 160 * 2 ** 20;

/** Of elements within each other; documents have some dozens. */
const maxDepth = 1_000;
const [slash, exclamation, question, less, greater] = [47, 33, 63, 60, 62];

export interface ZipEntry {
  name: string;
  /** Unpacked, as the archive says, bytes. */
  size: number;
}

/** What is in an archive. Throws DocumentRefusal for one that is broken or has too many files. */
export async function listZip(archive: Buffer): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  await eachEntry(archive, async (entry) => {
    entries.push({ name: nameOf(entry), size: entry.uncompressedSize });
  });
  return entries;
}

/**
 * The parts of an Office document that `wants` says, by name. Bounded by what they say of themselves and by what
 * really comes out of them; no part declares entities. Throws DocumentRefusal.
 */
export async function readParts(
  archive: Buffer,
  wants: (name: string) => boolean,
): Promise<Map<string, Buffer>> {
  const parts = new Map<string, Buffer>();
  let declared = 0;
  let real = 0;
  await eachEntry(archive, async (entry, zip) => {
    const name = nameOf(entry);
    if (!wants(name) || name.endsWith("/")) return;
    declared += entry.uncompressedSize;
    if (declared > maxUnpacked) throw tooLarge();
    if (entry.isEncrypted()) throw new DocumentRefusal("The document is locked with a password.");
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      real += chunk.length;
      if (real > maxUnpacked) throw tooLarge();
      chunks.push(chunk);
    }
    const part = Buffer.concat(chunks);
    if (/\.(xml|rels)$/i.test(name)) checkXml(part);
    parts.set(name, part);
  });
  return parts;
}

/** What would make whoever parses it grow without bound. */
function checkXml(part: Buffer): void {
  // Office writes none.
  if (part.includes("<!DOCTYPE")) {
    throw new DocumentRefusal(
      "The document declares XML entities, which no Office program writes. It is not read.",
    );
  }
  let depth = 0;
  for (let start = part.indexOf(less); start >= 0; ) {
    const next = part[start + 1];
    const end = part.indexOf(greater, start);
    if (next === slash) depth--;
    else if (next !== exclamation && next !== question && part[end - 1] !== slash) depth++;
    if (depth > maxDepth) throw new DocumentRefusal("The document is nested too deep. It is not read.");
    start = end < 0 ? -1 : part.indexOf(less, end);
  }
}

/** An archive of these parts, not packed: what libraries are handed has no surprises left in it. */
export function storeZip(parts: ReadonlyMap<string, Buffer>): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of parts) {
    const nameBytes = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    local.push(Buffer.from("PK\x03\x04"), common, nameBytes, data);
    central.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, rest, nameBytes);
    offset += 30 + nameBytes.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(parts.size, 8);
  end.writeUInt16LE(parts.size, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}

async function eachEntry(archive: Buffer, act: (entry: Entry, zip: ZipFile) => Promise<void>): Promise<void> {
  try {
    // Names as bytes: those of Chinese Windows programs are GBK and do not say so.
    const zip = await fromBufferPromise(archive, { lazyEntries: true, decodeStrings: false });
    if (zip.entryCount > maxEntries) {
      throw new DocumentRefusal(`The archive holds more than ${maxEntries} files.`);
    }
    for await (const entry of zip.eachEntry()) await act(entry, zip);
  } catch (error) {
    if (error instanceof DocumentRefusal) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DocumentRefusal(`The file is damaged: its zip archive cannot be read (${reason}).`);
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

function nameOf(entry: Entry): string {
  const bytes = entry.fileName as unknown as Buffer;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

function tooLarge(): DocumentRefusal {
  return new DocumentRefusal(
    `The document is larger than ${maxUnpacked / 2 ** 20} MB once unpacked. Read it in parts with a program in bash, or convert it first.`,
  );
}
