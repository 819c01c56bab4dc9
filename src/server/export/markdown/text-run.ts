import { type IRunOptions, TextRun } from "docx";
import { fonts } from "../styles.ts";

/** How a stretch of text looks, gathered from the markdown around it. */
export interface TextFormat {
  bold?: boolean;
  italics?: boolean;
  strike?: boolean;
  code?: boolean;
  link?: boolean;
  /** The paragraph around holds Chinese, Japanese or Korean. */
  eastAsian?: boolean;
}

const eastAsianScript =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\u3000-\u303F\uFF01-\uFFEF]/u;
// Marks that Chinese and Latin text share: Word sets them in the Latin font unless the run has the hint.
const sharedMarks = /[“”‘’…—·×]/;
const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const firstLetter = /\p{L}/u;

/** Whether a text holds Chinese, Japanese or Korean. */
export function isEastAsian(text: string): boolean {
  return eastAsianScript.test(text);
}

/** Whether a paragraph reads from the right: its first letter decides. */
export function readsFromRight(text: string): boolean {
  const letter = firstLetter.exec(text)?.[0];
  return letter !== undefined && rightToLeft.test(letter);
}

/** Text that XML can hold: control characters and lone surrogates become U+FFFD, tabs and line ends spaces. */
export function xmlText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\n\t\u2028\u2029]/g, " ")
    .replace(/[\p{Cc}\uFFFE\uFFFF]/gu, "\uFFFD");
}

/** The one place where text enters the document: a run with cleaned text and the right font hints. */
export function textRun(text: string, format: TextFormat = {}, more: IRunOptions = {}): TextRun {
  const clean = xmlText(text);
  const { bold, italics, strike } = format;
  const style = format.code ? "InlineCode" : format.link ? "Hyperlink" : undefined;
  return new TextRun({
    ...(style && { style }),
    ...(bold && { bold }),
    ...(italics && { italics }),
    ...(strike && { strike }),
    ...(rightToLeft.test(clean) && { rightToLeft: true }),
    ...fontOf(clean, format),
    ...more,
    text: clean,
  });
}

function fontOf(text: string, format: TextFormat): IRunOptions {
  const hinted = isEastAsian(text) || (format.eastAsian && sharedMarks.test(text));
  const font = format.code ? fonts.code : undefined;
  return hinted ? { font: { ...font, hint: "eastAsia" } } : {};
}
