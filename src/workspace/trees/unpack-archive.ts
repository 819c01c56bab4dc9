import type { FileHandle } from "node:fs/promises";
import { type Entry, fromFdPromise, type ZipFile } from "yauzl";
import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../directory.ts";

export interface ArchiveLimits {
  files: number;
  /** Of all files together, unpacked. */
  bytes: number;
}

/** What other systems leave in archives and nobody wants. */
const litter = /(^|\/)(__MACOSX|\.DS_Store|Thumbs\.db|desktop\.ini|\.git)(\/|$)/i;

/**
 * Unpacks a .zip archive into a directory that is empty. A folder that holds all the rest is left out of the paths. Nothing is
 * written outside: names that climb, links and special files are refused, as is what is larger than it says. Throws ApiError
 * `invalid_archive`, `too_large`, and what writing causes; what was written until then stays.
 */
export async function unpackArchive(
  archive: FileHandle,
  directory: Directory,
  limits: ArchiveLimits,
): Promise<void> {
  const options = { autoClose: false, lazyEntries: true, decodeStrings: false };
  let zip: ZipFile;
  try {
    zip = await fromFdPromise(archive.fd, options);
  } catch (cause) {
    throw invalid("This is no .zip archive, or a damaged one.", cause);
  }
  const found = await listFiles(zip, limits);
  const top = commonFolder([...found.keys()]);
  for (const [path, entry] of found) await writeEntry(zip, entry, directory, path.slice(top.length));
}

/** The files of the archive by their paths; all of it is checked before anything is written. */
async function listFiles(zip: ZipFile, limits: ArchiveLimits): Promise<Map<string, Entry>> {
  const found = new Map<string, Entry>();
  let bytes = 0;
  try {
    // Folders count too: they cost names.
    if (zip.entryCount > limits.files * 2) throw tooMany(limits);
    for await (const entry of zip.eachEntry()) {
      const path = pathOf(entry);
      if (path === null || litter.test(path)) continue;
      refuseKind(entry);
      if (found.has(path)) throw invalid("The archive holds two files of one name.");
      found.set(path, entry);
      bytes += entry.uncompressedSize;
      if (found.size > limits.files) throw tooMany(limits);
      if (bytes > limits.bytes)
        throw new ApiError(
          "too_large",
          `The archive holds more than ${limits.bytes} bytes. Leave out what is not needed.`,
        );
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw invalid("The archive is damaged.", error);
  }
  return found;
}

function tooMany({ files }: ArchiveLimits): ApiError {
  return new ApiError(
    "too_large",
    `The archive holds more than ${files} files. Leave out what is not needed.`,
  );
}

/** An entry's path; null for a folder, which is made with its files. */
function pathOf(entry: Entry): string | null {
  const path = decodePath(entry).replaceAll("\\", "/");
  if (path.endsWith("/")) return null;
  const names = path.split("/");
  const isBad = names.some((name) => name === "" || name === "." || name === ".." || /\p{Cc}/u.test(name));
  if (isBad || names.some((name) => name.startsWith(".zcbot-")) || /^[a-z]:/i.test(path))
    throw invalid("The archive holds a file whose path leads out of it, or is none.");
  return path;
}

/** Names are UTF-8 by a flag; without it they are what the system of whoever made it had: GBK, in China. */
function decodePath({ fileNameRaw, generalPurposeBitFlag }: Entry): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(fileNameRaw);
  } catch {
    const isUtf8 = (generalPurposeBitFlag & 0x800) !== 0;
    return new TextDecoder(isUtf8 ? "utf-8" : "gb18030").decode(fileNameRaw);
  }
}

const typeMask = 0o170000;
const regularFile = 0o100000;

function refuseKind(entry: Entry): void {
  const type = (entry.externalFileAttributes >>> 16) & typeMask;
  if (type !== 0 && type !== regularFile) throw invalid("The archive holds a link or a special file.");
  if (entry.isEncrypted()) throw invalid("The archive is encrypted.");
  if (!entry.canDecodeFileData()) throw invalid("The archive is packed in a way that is not known here.");
}

/** "folder/" where all paths begin with it, else "". */
function commonFolder(paths: string[]): string {
  const folder = paths[0]?.split("/")[0] ?? "";
  const prefix = `${folder}/`;
  return paths.every((path) => path.startsWith(prefix)) ? prefix : "";
}

async function writeEntry(zip: ZipFile, entry: Entry, directory: Directory, path: string): Promise<void> {
  const file = await directory.create(path);
  try {
    const stream = await zip.openReadStreamPromise(entry).catch((cause: unknown) => {
      throw invalid("The archive is damaged.", cause);
    });
    const chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    for (;;) {
      // The reader ends a file that is larger than it says with an error.
      const next = await chunks.next().catch((cause: unknown) => {
        throw invalid("The archive is damaged.", cause);
      });
      if (next.done) break;
      await file.write(next.value);
    }
    await file.commit();
  } finally {
    await file.discard();
  }
}

function invalid(reason: string, cause?: unknown): ApiError {
  return new ApiError("invalid_archive", reason, { cause });
}
