import type { Readable } from "node:stream";
import type { PendingFile } from "../directory.ts";

/**
 * Up to `maxBytes` of an answer; `isWhole` is false where there was more, which is not waited for. Throws where the answer
 * breaks off, or is packed wrongly.
 */
export async function readBody(
  body: Readable,
  maxBytes: number,
): Promise<{ bytes: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop destroys the stream.
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const room = maxBytes - size;
    chunks.push(chunk.subarray(0, room));
    size += chunk.length;
    if (size > maxBytes) return { bytes: Buffer.concat(chunks), isWhole: false };
  }
  return { bytes: Buffer.concat(chunks), isWhole: true };
}

/** Writes an answer to a file that is not committed yet; false where there is more of it than `maxBytes`. Throws as `readBody`. */
export async function saveBody(body: Readable, file: PendingFile, maxBytes: number): Promise<boolean> {
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return false;
    await file.write(chunk);
  }
  return true;
}
