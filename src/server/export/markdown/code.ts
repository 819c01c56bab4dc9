import { Paragraph } from "docx";
import { paragraphStyles } from "../styles.ts";
import { lineBreak } from "./inline.ts";
import { textRun } from "./text-run.ts";

/** Word lays out a paragraph as a whole: longer code is several of them, without a gap. */
const linesPerParagraph = 60;

/** A block of code as shaded paragraphs that keep its white space; long lines wrap. `indent` in twips. */
export function mapCode(code: string, indent: number): Paragraph[] {
  const lines = code.split(/\r\n|[\n\r]/).map(expandTabs);
  const paragraphs: Paragraph[] = [];
  for (let first = 0; first < lines.length; first += linesPerParagraph) {
    const part = lines.slice(first, first + linesPerParagraph);
    const isLast = first + linesPerParagraph >= lines.length;
    paragraphs.push(
      new Paragraph({
        style: paragraphStyles.code,
        indent: { left: indent + 120, right: 120 },
        spacing: { before: first === 0 ? 140 : 0, after: isLast ? 240 : 0 },
        // Code breaks within a word rather than leaving half a line empty.
        wordWrap: true,
        keepLines: lines.length <= 12,
        children: part.flatMap((line, index) => [...(index > 0 ? [lineBreak()] : []), textRun(line)]),
      }),
    );
  }
  return paragraphs;
}

/** Tabs as spaces up to the next multiple of four columns. */
export function expandTabs(line: string): string {
  if (!line.includes("\t")) return line;
  let expanded = "";
  for (const character of line) {
    expanded += character === "\t" ? " ".repeat(4 - (expanded.length % 4)) : character;
  }
  return expanded;
}
