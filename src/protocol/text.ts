import { z } from "zod";
import type { ErrorCode } from "./error.ts";

/** Text that Postgres and UTF-8 can hold: no NUL, no lone surrogate. */
export function isCleanText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/** Makes text from models and tools storable: what cannot be kept becomes U+FFFD. */
export function cleanText(text: string): string {
  return isCleanText(text) ? text : text.toWellFormed().replaceAll("\0", "\uFFFD");
}

/**
 * A rule beyond the shape of a value. A request that breaks only such rules is answered 400 with
 * `code`; one of the wrong shape is answered 422.
 */
export function rule<T extends z.ZodType>(
  schema: T,
  holds: (value: z.output<T>) => boolean,
  code: ErrorCode,
  message: string,
): T {
  return schema.refine(holds, { error: message, params: { code } });
}

const uuidPattern = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/** The canonical (lower case, dashed) form of a UUID in any case, with or without dashes; null if it is none. */
export function parseUuid(text: string): string | null {
  if (!uuidPattern.test(text)) return null;
  const hex = text.replaceAll("-", "").toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A UUID in an answer. */
export const uuid = z.string().meta({ format: "uuid" });

/** ISO 8601 with offset, UTC. */
export const timestamp = z.string().meta({ format: "date-time" });

const controlCharacters = /\p{Cc}/u;

/** A simple name of a task or a directory: one path segment that every file system and screen can show. */
export const simpleName = rule(
  z.string().trim(),
  (name) =>
    [...name].length >= 1 &&
    [...name].length <= 255 &&
    !/[/\\]/.test(name) &&
    !name.includes("..") &&
    !name.startsWith(".") &&
    !controlCharacters.test(name),
  "invalid_name",
  "Use a name of 1 to 255 characters without '/', '\\', '..' or control characters that does not start with '.'.",
);
