import { z } from "zod";
import { decodeName } from "../files/name-codec.ts";
import { fromRoot } from "./split-names.ts";

export interface TextLine {
  /** Relative to the directory's root. */
  path: string;
  /** Line number, from 1. */
  line: number;
  /** The line without its end; of a long one, the 500 characters around the match. */
  text: string;
  /** False for lines that stand around one that matches. */
  isMatch: boolean;
}

const maxText = 500;
/** Of a long line, before the match. */
const before = 100;
/** Of one record, characters; a longer one, of a file that is a single huge line, is left out. */
const maxRecord = 4 * 1024 * 1024;

// ripgrep gives bytes that are no UTF-8 in base64.
const textOrBytes = z
  .union([z.object({ text: z.string() }), z.object({ bytes: z.string() })])
  .transform((value) => ("text" in value ? value.text : Buffer.from(value.bytes, "base64")));

const lineRecord = z.object({
  type: z.enum(["match", "context"]),
  data: z.object({
    path: textOrBytes,
    lines: textOrBytes,
    line_number: z.int(),
    submatches: z.array(z.object({ start: z.int() })),
  }),
});
const endRecord = z.object({
  type: z.literal("end"),
  data: z.object({ binary_offset: z.int().nullable() }),
});
const ripgrepRecord = z.discriminatedUnion("type", [lineRecord, endRecord]);

/** Reads what `rg --json` prints: `add` says whether more is wanted; matches in binary files do not count. */
export interface MatchReader {
  add(text: string): boolean;
  /** Whether there may be more than was read. */
  readonly isPartial: boolean;
  /** So many matches after the first `skip`, by path and line, with what stands around them. */
  select(skip: number, wanted: number): { lines: TextLine[]; count: number };
}

export function createMatchReader(maxMatches: number): MatchReader {
  const files: TextLine[][] = [];
  let open: TextLine[] = [];
  let matches = 0;
  let isPartial = false;
  let rest = "";
  let isTooLong = false;

  const takeRecord = (text: string): void => {
    // As many as files; to have zod find out costs more than all else.
    if (/^\{"type":"(begin|summary)"/.test(text)) return;
    const record = ripgrepRecord.safeParse(parse(text)).data;
    if (record?.type === "end") {
      if (record.data.binary_offset === null) files.push(open);
      open = [];
    } else if (record) {
      open.push(...toLines(record));
      if (record.type === "match") matches++;
      if (matches > maxMatches) isPartial = true;
    }
  };
  return {
    get isPartial() {
      return isPartial;
    },
    add(text) {
      const pieces = text.split("\n");
      for (const [index, piece] of pieces.entries()) {
        const isWhole = index < pieces.length - 1;
        if (rest.length + piece.length > maxRecord) isTooLong = true;
        rest = isTooLong ? "" : rest + piece;
        if (!isWhole) continue;
        if (isTooLong) isPartial = true;
        else takeRecord(rest);
        rest = "";
        isTooLong = false;
        if (matches > maxMatches) return false;
      }
      return true;
    },
    select(skip, wanted) {
      // What comes of a file that was not read to its end is no binary file's as far as anyone knows.
      const found = open.length > 0 ? [...files, open] : files;
      found.sort((one, other) => ((one[0]?.path ?? "") < (other[0]?.path ?? "") ? -1 : 1));
      return selectLines(found.flat(), skip, wanted);
    },
  };
}

function selectLines(all: TextLine[], skip: number, wanted: number): { lines: TextLine[]; count: number } {
  const places = all.flatMap(({ isMatch }, index) => (isMatch ? [index] : []));
  const count = places.length;
  const first = places[skip];
  if (first === undefined || wanted === 0) return { lines: [], count };
  const last = places[Math.min(skip + wanted, count) - 1] ?? first;
  return { lines: all.slice(around(all, first, -1), around(all, last, 1) + 1), count };
}

/** The end of what stands around the match there, in that direction. */
function around(all: TextLine[], place: number, step: 1 | -1): number {
  let index = place;
  for (;;) {
    const [here, next] = [all[index], all[index + step]];
    if (!here || !next || next.isMatch || next.path !== here.path || next.line !== here.line + step)
      return index;
    index += step;
  }
}

function toLines({ type, data }: z.output<typeof lineRecord>): TextLine[] {
  const path = typeof data.path === "string" ? data.path : decodeName(data.path);
  const text = (typeof data.lines === "string" ? data.lines : data.lines.toString("utf8")).replace(
    /\r?\n$/,
    "",
  );
  const isMatch = type === "match";
  const common = { path: fromRoot(path), isMatch };
  // A match over several lines counts as one: what follows its first line belongs to it.
  const [first = "", ...others] = text.split("\n");
  return [
    { ...common, line: data.line_number, text: cut(first, data.submatches[0]?.start ?? 0) },
    ...others.map((other, index) => ({
      ...common,
      isMatch: false,
      line: data.line_number + index + 1,
      text: cut(other, 0),
    })),
  ];
}

/** `start`: where the match begins, in bytes. */
function cut(line: string, start: number): string {
  if (line.length <= maxText) return line.replace(/\r$/, "").toWellFormed();
  const place = Buffer.from(line.slice(0, start)).subarray(0, start).toString("utf8").length;
  const from = Math.max(0, Math.min(place - before, line.length - maxText));
  const text = line.slice(from, from + maxText).toWellFormed();
  return `${from > 0 ? "…" : ""}${text}${from + maxText < line.length ? "…" : ""}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
