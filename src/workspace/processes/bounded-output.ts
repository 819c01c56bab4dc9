/**
 * Keeps the first and the last half of `maxBytes` of what is added, whole characters only, and counts the rest.
 * Memory stays below about twice `maxBytes`, however much comes.
 */
export function createBoundedOutput(maxBytes: number): {
  add(chunk: Buffer): void;
  /** The text kept; where something is missing, a line says how much. */
  finish(): { output: string; droppedBytes: number };
} {
  const headSize = Math.ceil(maxBytes / 2);
  const tailSize = maxBytes - headSize;
  const head: Buffer[] = [];
  let headLength = 0;
  let tail: Buffer[] = [];
  let tailLength = 0;
  let total = 0;

  return {
    add(chunk) {
      total += chunk.length;
      const room = Math.min(headSize - headLength, chunk.length);
      if (room > 0) {
        head.push(chunk.subarray(0, room));
        headLength += room;
      }
      if (room === chunk.length) return;
      tail.push(chunk.subarray(room));
      tailLength += chunk.length - room;
      if (tailLength > 2 * tailSize + 65_536) {
        // Copied, so that a few kept bytes do not hold a whole chunk.
        tail = [Buffer.from(lastBytes(tail, tailSize))];
        tailLength = tail[0]?.length ?? 0;
      }
    },
    finish() {
      const first = Buffer.concat(head);
      const last = lastBytes(tail, tailSize);
      if (first.length + last.length === total) {
        return { output: Buffer.concat([first, last]).toString("utf8"), droppedBytes: 0 };
      }
      const start = first.subarray(0, lastBoundary(first));
      const end = last.subarray(firstBoundary(last));
      const droppedBytes = total - start.length - end.length;
      const notice = `\n[... ${droppedBytes} bytes left out ...]\n`;
      return { output: `${start.toString("utf8")}${notice}${end.toString("utf8")}`, droppedBytes };
    },
  };
}

function lastBytes(chunks: Buffer[], count: number): Buffer {
  const all = Buffer.concat(chunks);
  return all.subarray(Math.max(0, all.length - count));
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Where the last character begins if it may be cut, else the length. A character has at most 4 bytes. */
function lastBoundary(bytes: Buffer): number {
  let start = bytes.length - 1;
  while (start > bytes.length - 4 && isContinuation(bytes[start])) start--;
  const lead = bytes[start];
  if (lead === undefined || lead < 0xc0) return bytes.length;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return start + length > bytes.length ? start : bytes.length;
}

/** Past the rest of a cut character. */
function firstBoundary(bytes: Buffer): number {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start++;
  return start;
}
