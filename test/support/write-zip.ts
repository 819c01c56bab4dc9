import { crc32, deflateRawSync } from "node:zlib";

/** A file of an archive; what is left out is as an honest archive has it. */
export interface ZipEntry {
  /** As bytes: in whatever encoding they are. */
  name: string | Uint8Array;
  content?: string | Uint8Array;
  /** Unix type and rights, 0o120777 for a link. */
  mode?: number;
  /** What it says of its size. */
  claimedSize?: number;
  /** 1: encrypted; 0x800, for a name that is a string: UTF-8. */
  flags?: number;
  /** 8: deflated, as usual. */
  method?: number;
}

/** A .zip archive of these files, in this order. */
export function writeZip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const content = Buffer.from(entry.content ?? "");
    const data = deflateRawSync(content);
    const flags = entry.flags ?? (typeof entry.name === "string" ? 0x800 : 0);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(entry.method ?? 8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(entry.claimedSize ?? content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, name, data]);
    const central = Buffer.alloc(46);
    central.write("PK\x01\x02", 0, "latin1");
    central.writeUInt16LE((3 << 8) | 20, 4);
    common.copy(central, 6);
    central.writeUInt32LE((entry.mode ?? 0o100644) * 0x10000, 38);
    central.writeUInt32LE(offset, 42);
    parts.push(local);
    directory.push(central, name);
    offset += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}

/** The archive of a skill that says this. */
export function zipSkill(text: string, more: readonly ZipEntry[] = []): Buffer {
  return writeZip([{ name: "SKILL.md", content: text }, ...more]);
}
