import { stripVTControlCharacters } from "node:util";
import { Paragraph } from "docx";
import { expandTabs } from "./markdown/code.ts";
import { lineBreak } from "./markdown/inline.ts";
import { textRun } from "./markdown/text-run.ts";
import { fonts, paragraphStyles } from "./styles.ts";
import type { Part } from "./turns.ts";
import type { Words } from "./words.ts";

const maxArguments = 160;
const maxLines = 6;
const maxLineLength = 160;

/** A call in a few quiet lines: its name, what it was given, and the beginning of what it gave. */
export function mapToolCall(call: Extract<Part, { kind: "call" }>, words: Words): Paragraph[] {
  const given = shorten(describeArguments(call.arguments), maxArguments);
  const name = textRun(call.name, {}, { font: fonts.code, bold: true, noProof: true });
  const head = new Paragraph({
    style: paragraphStyles.tool,
    children: given ? [name, textRun(`  ${given}`, {}, { noProof: true })] : [name],
  });
  const { lines, more } = summarize(call.result, words);
  const shown = more > 0 ? [...lines, words.linesLeftOut(more)] : lines;
  const children = shown.flatMap((line, index) => [...(index > 0 ? [lineBreak()] : []), textRun(line)]);
  return [head, new Paragraph({ style: paragraphStyles.toolResult, children })];
}

/** `path: 报告.md, limit: 20`; the raw text where it is no JSON object. */
function describeArguments(text: string): string {
  // A file's whole text may be among the arguments: what is far beyond the line is not even read.
  if (text.length > 100_000) return text.slice(0, 2 * maxArguments);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return text;
  }
  if (given === null || typeof given !== "object" || Array.isArray(given)) return text;
  return Object.entries(given)
    .map(
      ([key, value]) => `${key}: ${shorten(typeof value === "string" ? value : JSON.stringify(value), 80)}`,
    )
    .join(", ");
}

function summarize(result: string | undefined, words: Words): { lines: string[]; more: number } {
  if (result === undefined) return { lines: [words.unanswered], more: 0 };
  const text = result.trim();
  if (text === "") return { lines: [words.empty], more: 0 };
  const first: string[] = [];
  let start = 0;
  while (first.length < maxLines && start <= text.length) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    first.push(text.slice(start, Math.min(end, start + 4 * maxLineLength)));
    start = end + 1;
  }
  const more = start <= text.length ? text.slice(start).split("\n").length : 0;
  const lines = first.map((line) => cut(expandTabs(stripVTControlCharacters(line.trimEnd())), maxLineLength));
  return { lines, more };
}

/** On one line, at most `length` characters. */
function shorten(text: string, length: number): string {
  return cut(
    text
      .slice(0, 4 * length)
      .replace(/\s+/g, " ")
      .trim(),
    length,
  );
}

function cut(text: string, length: number): string {
  return text.length > length
    ? `${text
        .slice(0, length)
        .toWellFormed()
        .replace(/\uFFFD$/, "")}…`
    : text;
}
