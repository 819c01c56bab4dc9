import { type BigIntStats, constants } from "node:fs";
import { open } from "node:fs/promises";
import { ApiError } from "../../protocol/error.ts";
import type { OpenedFile } from "../directory.ts";
import { at, type Place } from "./walk.ts";

// Without O_NONBLOCK, opening a FIFO would wait for a writer, and four such waits stop all disk work of the process.
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Opens the regular file at a place. Throws ApiError `not_a_file` for anything else that stands there. */
export async function openFile(place: Place): Promise<OpenedFile> {
  const handle = await open(at(place, place.name), flags);
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.isDirectory()) {
      throw new ApiError("not_a_file", "There is a folder at that path, not a file.");
    }
    if (!stats.isFile()) throw new ApiError("not_a_file", "There is no regular file at that path.");
    const [path, size] = [place.names.join("/"), Number(stats.size)];
    return { handle, path, size, modifiedAt: stats.mtime, version: versionOf(stats) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].map((part) => part.toString(36)).join("-");
}

const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of an open file. Throws ApiError `not_a_file` if it is larger than `maxBytes` or no UTF-8. */
export async function readWhole({ handle, size }: OpenedFile, maxBytes: number): Promise<string> {
  const tooLarge = new ApiError("not_a_file", `The file is larger than ${maxBytes} bytes.`);
  if (size > maxBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    // One byte more than expected, to see a file that has grown since.
    const buffer = Buffer.allocUnsafe(Math.max(size - length, 0) + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, length);
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (length > maxBytes) throw tooLarge;
  }
  try {
    return textDecoder.decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new ApiError("not_a_file", "The file is no UTF-8 text.", { cause });
  }
}
