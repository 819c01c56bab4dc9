import { findOnly, toUnits } from "./find-all.ts";

/** A passage of a text that is to be replaced, and by what. */
export interface Found {
  start: number;
  end: number;
  replacement: string;
}

/** How a passage was found that is not in the text exactly. */
export interface LooseMatch extends Found {
  /** What differs, such as "indentation". */
  difference: string;
}

/**
 * Finds a passage that is not in the text exactly, where only line numbers, blanks at line ends, the width or the form of
 * punctuation, or the indentation differ, and only where that leaves one place. Null: none, or several.
 */
export function findLoosely(text: string, passage: string, replacement: string): LooseMatch | null {
  const bare = withoutNumbers(passage);
  if (bare !== null) {
    const start = findOnly(toUnits(text), toUnits(bare));
    const written = withoutNumbers(replacement) ?? replacement;
    if (start !== null) {
      const place = { start, end: start + bare.length, replacement: written };
      return { ...place, difference: "the line numbers, which are not part of the file" };
    }
    return null;
  }
  return findBySpelling(text, passage, replacement) ?? findByIndentation(text, passage, replacement);
}

/** The text without the numbers that `read` puts before lines; null where it has none. */
function withoutNumbers(text: string): string | null {
  const lines = text.split("\n");
  if (!lines.every((line, index) => /^\s*\d+\t/.test(line) || (line === "" && index === lines.length - 1))) {
    return null;
  }
  return lines.length === 1 && lines[0] === ""
    ? null
    : lines.map((line) => line.replace(/^\s*\d+\t/, "")).join("\n");
}

/** The plainest form of a character, by code; 0 for one that nobody sees. */
const plainest = new Map<number, number>();
const forms: [plain: string, others: string][] = [
  [" ", "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"],
  ["'", "‘’‚‛′"],
  ['"', "“”„‟″"],
  ["-", "‐‑‒–—−"],
  ["\0", "\u200b\ufeff"],
];
for (const [plain, others] of forms) {
  for (const other of others) plainest.set(other.charCodeAt(0), plain.charCodeAt(0));
}
// Full-width forms.
for (let code = 0xff01; code <= 0xff5e; code++) plainest.set(code, code - 0xfee0);

interface Plain {
  text: string;
  /** Where each character stands in the original; one more for the end. */
  places: Int32Array;
}

const lineFeed = 10;
const blanks: ReadonlySet<number> = new Set([9, 11, 12, 13, 32]);

/** Blanks at line ends left out, every character in its plainest form. */
function makePlain(text: string): Plain {
  const units = new Uint16Array(text.length);
  const places = new Int32Array(text.length + 1);
  let length = 0;
  /** The length without the blanks that may be at a line's end. */
  let solid = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const unit = plainest.get(code) ?? code;
    if (unit === 0) continue;
    if (unit === lineFeed) length = solid;
    units[length] = unit;
    places[length++] = index;
    if (!blanks.has(unit)) solid = length;
  }
  places[solid] = text.length;
  const bytes = Buffer.from(units.buffer, 0, solid * 2);
  return { text: bytes.toString("utf16le"), places: places.subarray(0, solid + 1) };
}

function findBySpelling(text: string, passage: string, replacement: string): LooseMatch | null {
  const file = makePlain(text);
  const wanted = makePlain(passage);
  if (wanted.text.trim() === "") return null;
  const found = findOnly(toUnits(file.text), toUnits(wanted.text));
  if (found === null) return null;
  const start = file.places[found] ?? 0;
  const last = file.places[found + wanted.text.length - 1] ?? 0;
  const matched = text.slice(start, last + 1);
  const difference = "blanks at line ends, or the form of quotes, dashes, blanks or full-width characters";
  return { start, end: last + 1, replacement: keepCommon(matched, passage, replacement), difference };
}

/** What `passage` and `replacement` have in common at their ends stays as it is in the file. */
function keepCommon(matched: string, passage: string, replacement: string): string {
  const [file, before, after] = [makePlain(matched), makePlain(passage), makePlain(replacement)];
  const shortest = Math.min(before.text.length, after.text.length);
  let start = 0;
  while (start < shortest && before.text[start] === after.text[start]) start++;
  let end = 0;
  while (
    end < shortest - start &&
    before.text[before.text.length - 1 - end] === after.text[after.text.length - 1 - end]
  )
    end++;
  const head = matched.slice(0, file.places[start] ?? 0);
  const tail = end === 0 ? "" : matched.slice(file.places[file.text.length - end] ?? matched.length);
  const middleEnd =
    end === 0 ? replacement.length : (after.places[after.text.length - end] ?? replacement.length);
  return head + replacement.slice(after.places[start] ?? 0, middleEnd) + tail;
}

interface Line {
  indent: string;
  rest: string;
}

function splitLines(raw: readonly string[], plain: string): Line[] {
  const lines = plain.split("\n");
  return raw.map((line, index) => ({
    indent: line.slice(0, line.length - line.trimStart().length),
    rest: lines[index]?.trimStart() ?? "",
  }));
}

function toIds(lines: Line[], ids: Map<string, number>): Int32Array {
  return Int32Array.from(lines, ({ rest }) => {
    const id = ids.get(rest) ?? ids.size;
    ids.set(rest, id);
    return id;
  });
}

/** Whole lines that differ in their indentation only, everywhere in the same way. */
function findByIndentation(text: string, passage: string, replacement: string): LooseMatch | null {
  const endsLine = passage.endsWith("\n");
  const given = endsLine ? passage.slice(0, -1) : passage;
  const wanted = splitLines(given.split("\n"), makePlain(given).text);
  if (wanted.every(({ rest }) => rest === "")) return null;
  const raw = text.split("\n");
  const lines = splitLines(raw, makePlain(text).text);
  const ids = new Map<string, number>();
  const first = findOnly(toIds(lines, ids), toIds(wanted, ids));
  if (first === null) return null;
  const found = lines.slice(first, first + wanted.length);
  const indents = new Map<string, string>();
  for (const [index, { indent, rest }] of wanted.entries()) {
    const there = found[index]?.indent ?? "";
    if (rest === "") continue;
    if ((indents.get(indent) ?? there) !== there) return null;
    indents.set(indent, there);
  }
  const start = raw.slice(0, first).reduce((sum, line) => sum + line.length + 1, 0);
  const length = raw.slice(first, first + wanted.length).reduce((sum, line) => sum + line.length + 1, 0);
  const isAtEnd = first + wanted.length === raw.length;
  const end = start + length - (endsLine && !isAtEnd ? 0 : 1);
  const written = replacement.split("\n").map((line) => indentAs(line, indents));
  return { start, end, replacement: written.join("\n"), difference: "the indentation, which was kept" };
}

/** The line with the indentation that the file has where the passage had this one. */
function indentAs(line: string, indents: ReadonlyMap<string, string>): string {
  const rest = line.trimStart();
  const indent = line.slice(0, line.length - rest.length);
  if (rest === "") return "";
  const known = indents.get(indent);
  if (known !== undefined) return known + rest;
  let best: [string, string] | undefined;
  for (const pair of indents) {
    if (indent.startsWith(pair[0]) && pair[0].length >= (best?.[0].length ?? 0)) best = pair;
  }
  if (best === undefined) return line;
  const deeper = indent.slice(best[0].length);
  return best[1] + adapt(deeper, indents) + rest;
}

/** Deeper blanks as tabs, where the file has tabs for the passage's blanks. */
function adapt(deeper: string, indents: ReadonlyMap<string, string>): string {
  for (const [given, there] of indents) {
    if (!/^ +$/.test(given) || !/^\t+$/.test(there) || given.length % there.length !== 0) continue;
    return deeper.replaceAll(" ".repeat(given.length / there.length), "\t");
  }
  return deeper;
}
