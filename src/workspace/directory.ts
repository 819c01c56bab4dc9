import type { FileHandle } from "node:fs/promises";
import type { DiskSpace } from "./space/disk-space.ts";

/** What stands at a path; links are followed where they stay inside. */
export interface Entry {
  name: string;
  isDirectory: boolean;
  /** Whether it is a regular file; what is neither is a FIFO, a socket or a device. */
  isFile: boolean;
  /** bytes */
  size: number;
  modifiedAt: Date;
}

export interface OpenedFile {
  handle: FileHandle;
  /** Where it is, as `resolve` would say. */
  path: string;
  size: number;
  modifiedAt: Date;
  /** Changes whenever the content may have: device, inode, size and nanosecond times. */
  version: string;
}

/** Which entries of a directory. */
export interface Page {
  /** How many come before. */
  start: number;
  size: number;
  /** Whether names that begin with "." are among them. */
  hidden: boolean;
}

/**
 * A directory tree that no path leaves: the one door to user files.
 *
 * Paths are relative, with `/`; bytes that are no UTF-8 stand in them as `files/name-codec` says. Every method throws `ApiError` (`invalid_path`, `path_not_found`,
 * `not_a_file`, `not_a_directory`, `directory_not_empty`, `root_not_deletable`, `name_too_long`, `disk_full`,
 * `quota_exceeded`, `unavailable`) and nothing else for what a path or the disk can cause.
 */
export interface Directory {
  /** Absolute path on the host; for starting processes in, never for opening files. */
  readonly hostPath: string;
  /** The room on the disk, shared with the directories above and below: whatever is written here goes by it. */
  readonly space: DiskSpace;
  /** The tree below `path`, which is made where it is missing. */
  subdirectory(path: string): Promise<Directory>;
  /** The tree below one name, without a look at the disk: what is missing or no directory shows at its first use. */
  child(name: string): Directory;
  /** The canonical relative path after links and `..`; "" for the root. The last part may be missing. */
  resolve(path: string): Promise<string>;
  stat(path: string): Promise<Entry>;
  /**
   * Whether nothing stands under this name of the directory itself: one look by name, in place of a walk of five, before
   * something is opened that is usually not there. What it says is a hint, and never leave.
   */
  lacks(name: string): Promise<boolean>;
  /** Entries of a directory, hidden ones included, unordered; what vanishes or leads outside is left out. */
  list(path: string): Promise<Entry[]>;
  /**
   * A page of the entries, folders first, then by name without case; `count` is how many there are, links that lead
   * outside left out. Of 200,000 names and of 1,000 links the rest does not show.
   */
  listPage(path: string, page: Page): Promise<{ entries: Entry[]; count: number }>;
  /** A regular file for reading; the caller closes the handle. */
  open(path: string): Promise<OpenedFile>;
  /** Text of a whole regular file of at most `maxBytes`; larger, or no UTF-8: `not_a_file`. */
  readText(path: string, maxBytes: number): Promise<{ text: string; version: string }>;
  /** Writes a whole file atomically (temporary file, then rename); parent directories are made. */
  writeText(path: string, text: string): Promise<void>;
  /**
   * A new file that appears under its name, replacing any other, only on `commit`. One that is not `durable` may be
   * gone or torn after a power cut, and costs a tenth of the time.
   */
  create(path: string, options?: { durable?: boolean }): Promise<PendingFile>;
  makeDirectory(path: string): Promise<void>;
  /** Gives a file or directory another path, replacing a file there; parent directories are made. */
  move(from: string, to: string): Promise<void>;
  /** Removes a file, an empty directory, or a link itself. */
  remove(path: string): Promise<void>;
}

export interface PendingFile {
  write(chunk: Uint8Array): Promise<void>;
  /** Gives the file its name and returns its size in bytes. */
  commit(): Promise<number>;
  /** Leaves nothing behind. Harmless after `commit`. */
  discard(): Promise<void>;
}
