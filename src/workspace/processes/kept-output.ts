import type { Directory, PendingFile } from "../directory.ts";
import { createBoundedOutput } from "./bounded-output.ts";

/** What became of a text that came in pieces. */
export interface KeptText {
  /** All of it, or its two ends and a line between them that says how much is missing. */
  text: string;
  droppedBytes: number;
  /** The file that holds more than `text`; undefined where nothing is missing, or the file could not be written. */
  path?: string;
  /** Bytes of that file: the beginning of the text, where it is not the whole. */
  keptBytes: number;
  totalBytes: number;
}

export interface KeptOutput {
  add(text: string): void;
  finish(): Promise<KeptText>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/** Of a whole that stands in a file, bytes. */
export const maxKeptBytes = 10_000_000;

/**
 * Takes a text of any length in pieces, for one who is shown `shownBytes` of it. The rest is not lost: as soon as there
 * is more, everything goes to a file at `path`, up to `maxKeptBytes`. A disk that is slower than the text holds that
 * much in memory at most; one without room costs the file, never the text that is shown.
 */
export function createKeptOutput(
  directory: Directory,
  path: string,
  shownBytes: number,
  maxBytes = maxKeptBytes,
): KeptOutput {
  const shown = createBoundedOutput(shownBytes);
  const waiting: Buffer[] = [];
  let totalBytes = 0;
  let takenBytes = 0;
  let file: PendingFile | undefined;
  let writing: Promise<void> | undefined;
  let failed = false;
  let isFull = false;

  const write = async (): Promise<void> => {
    try {
      file ??= await directory.create(path);
      for (let chunk = waiting.shift(); chunk; chunk = waiting.shift()) await file.write(chunk);
    } catch {
      failed = true;
      waiting.length = 0;
    }
  };
  const discard = async (): Promise<void> => {
    failed = true;
    waiting.length = 0;
    await writing;
    await file?.discard();
  };
  return {
    add(text) {
      const chunk = Buffer.from(text);
      shown.add(chunk);
      totalBytes += chunk.length;
      // No part of a piece: that might end within a character.
      isFull ||= takenBytes + chunk.length > maxBytes;
      if (failed || isFull) return;
      takenBytes += chunk.length;
      waiting.push(chunk);
      if (totalBytes <= shownBytes || writing) return;
      writing = write().finally(() => {
        writing = undefined;
      });
    },
    async finish() {
      const { output, droppedBytes } = shown.finish();
      if (droppedBytes === 0) return { text: output, droppedBytes, keptBytes: 0, totalBytes };
      while (writing) await writing;
      if (!failed && waiting.length > 0) await write();
      const size = failed ? undefined : await file?.commit().catch(() => undefined);
      if (size === undefined) {
        await file?.discard();
        return { text: output, droppedBytes, keptBytes: 0, totalBytes };
      }
      return { text: output, droppedBytes, path, keptBytes: size, totalBytes };
    },
    discard,
  };
}
