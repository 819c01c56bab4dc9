import { ApiError, type ErrorCode } from "../../protocol/error.ts";

const meanings: Record<string, [ErrorCode, string]> = {
  ENOENT: ["path_not_found", "There is nothing at that path."],
  ENOTDIR: ["not_a_directory", "A part of that path is a file, not a folder."],
  EISDIR: ["not_a_file", "There is a folder at that path, not a file."],
  EEXIST: ["directory_not_empty", "The folder is not empty."],
  ENOTEMPTY: ["directory_not_empty", "The folder is not empty."],
  ENAMETOOLONG: ["name_too_long", "A name is at most 255 bytes long, a path 4,095. Use a shorter one."],
  // A link that was put there since the path was walked.
  ELOOP: ["invalid_path", "The path changes while it is used, or its links go in circles."],
  EXDEV: ["invalid_path", "The path leads to another disk."],
  EINVAL: ["invalid_path", "The disk cannot hold a path like that."],
  EILSEQ: ["invalid_path", "The disk cannot hold a path like that."],
  EACCES: ["invalid_path", "The server has no permission for that path."],
  EPERM: ["invalid_path", "The server has no permission for that path."],
  EROFS: ["invalid_path", "The disk is read-only there."],
  EBUSY: ["invalid_path", "The path is in use by the system."],
  ETXTBSY: ["invalid_path", "The path is in use by the system."],
  ENXIO: ["not_a_file", "There is no regular file at that path."],
  ENODEV: ["not_a_file", "There is no regular file at that path."],
  ENOSPC: ["disk_full", "The disk is full. Remove files that are not needed, then try again."],
  EDQUOT: ["disk_full", "The disk quota is used up. Remove files that are not needed, then try again."],
  EFBIG: ["disk_full", "The disk cannot hold a file of that size."],
};

/** What a failed disk operation means to whoever gave the path. Other errors come back as they are. */
export function toDiskError(error: unknown): unknown {
  const code = errnoOf(error);
  if (code === undefined) return error;
  const [meaning, message] = meanings[code] ?? [
    "unavailable",
    "The disk does not do its work at the moment.",
  ];
  return new ApiError(meaning, message, { cause: error });
}

/** The system's name of an error ("ENOENT"), undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
