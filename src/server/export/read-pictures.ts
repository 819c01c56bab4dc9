import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../../workspace/directory.ts";

const maxPictures = 100;
/** Bytes of one picture, and of all. */
const maxBytes = 10 * 2 ** 20;
const maxTotalBytes = 40 * 2 ** 20;

/** The files at these paths of a directory, in order; null for what is missing, no file, or beyond the bounds. */
export async function readPictures(
  directory: Directory,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<(Uint8Array<ArrayBuffer> | null)[]> {
  let left = maxTotalBytes;
  const pictures: (Uint8Array<ArrayBuffer> | null)[] = [];
  for (const [index, path] of paths.entries()) {
    signal.throwIfAborted();
    const picture = index < maxPictures ? await readPicture(directory, path, Math.min(maxBytes, left)) : null;
    left -= picture?.byteLength ?? 0;
    pictures.push(picture);
  }
  return pictures;
}

async function readPicture(
  directory: Directory,
  path: string,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const { handle, size } = await directory.open(path);
    try {
      if (size > most) return null;
      // The file may be written to meanwhile: what is read is bounded by the buffer, not by the file.
      const bytes = new Uint8Array(size);
      let length = 0;
      while (length < size) {
        const { bytesRead } = await handle.read(bytes, length, size - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.slice(0, length);
    } finally {
      await handle.close();
    }
  } catch (error) {
    // The model may name what is not there, or what lies outside.
    if (error instanceof ApiError) return null;
    throw error;
  }
}
