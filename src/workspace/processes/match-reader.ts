import { z } from "zod";

export interface TextMatch {
  /** Relative to the directory's root. */
  path: string;
  /** Line number, from 1. */
  line: number;
  /** The line without its end, cut after 500 characters. */
  text: string;
}

const maxText = 500;
/** Of one record, characters; a longer one, of a file that is a single huge line, is left out. */
const maxRecord = 4 * 1024 * 1024;

// ripgrep gives bytes that are no UTF-8 in base64.
const textOrBytes = z
  .union([z.object({ text: z.string() }), z.object({ bytes: z.string() })])
  .transform((value) => ("text" in value ? value.text : Buffer.from(value.bytes, "base64").toString("utf8")));

const matchRecord = z.object({
  type: z.literal("match"),
  data: z.object({ path: textOrBytes, lines: textOrBytes, line_number: z.int() }),
});
const endRecord = z.object({
  type: z.literal("end"),
  data: z.object({ binary_offset: z.int().nullable() }),
});
const ripgrepRecord = z.discriminatedUnion("type", [matchRecord, endRecord]);

/** Reads what `rg --json` prints. `add` says whether more is wanted; matches in binary files do not count. */
export function createMatchReader(maxMatches: number): {
  add(text: string): boolean;
  readonly matches: TextMatch[];
  readonly truncated: boolean;
} {
  const matches: TextMatch[] = [];
  /** How many matches there were before the file that is being read. */
  let sure = 0;
  let truncated = false;
  let rest = "";
  let isTooLong = false;

  const takeRecord = (line: string): void => {
    const record = ripgrepRecord.safeParse(parse(line)).data;
    if (record?.type === "end") {
      if (record.data.binary_offset !== null) matches.length = sure;
      sure = matches.length;
    } else if (record) {
      if (matches.length === maxMatches) truncated = true;
      else matches.push(toMatch(record.data));
    }
  };
  return {
    matches,
    get truncated() {
      return truncated;
    },
    add(text) {
      const lines = text.split("\n");
      for (const [index, line] of lines.entries()) {
        const isWhole = index < lines.length - 1;
        if (rest.length + line.length > maxRecord) isTooLong = true;
        rest = isTooLong ? "" : rest + line;
        if (!isWhole) continue;
        if (isTooLong) truncated = true;
        else takeRecord(rest);
        rest = "";
        isTooLong = false;
      }
      return !truncated || matches.length < maxMatches;
    },
  };
}

function toMatch(data: z.output<typeof matchRecord>["data"]): TextMatch {
  return {
    path: data.path.replace(/^\.\//, ""),
    line: data.line_number,
    text: data.lines
      .replace(/\r?\n$/, "")
      .slice(0, maxText)
      .toWellFormed(),
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
