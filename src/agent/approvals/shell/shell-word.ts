/** Stands in a word for text that is known only when the shell runs: a variable, the output of a command. */
export const unknownText = "\uE000";

/** Stands in a word for what a pattern like `*` finds among the files. */
export const fileNames = "\uE001";

/** A word as the shell gives it to a program: quotes and escapes are gone. */
export interface Word {
  text: string;
  /** As it is written. */
  source: string;
  /** No part of it is quoted: it may be a word of the shell's own. */
  bare: boolean;
}

/** Whether it is the same text whenever the command runs. */
export function isLiteral(text: string): boolean {
  return !text.includes(unknownText) && !text.includes(fileNames);
}

/** A command that cannot be told before it runs: whoever judges it has to take it for the worst. */
export class UnreadableCommand extends Error {
  override readonly name = "UnreadableCommand";
}

const escapes: Record<string, string> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  E: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

const ansiEscape =
  /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c([\s\S])|([\s\S]))/g;

/** What stands between `$'` and `'`, without its escapes. */
export function decodeAnsiString(source: string): string {
  const decoded = source.replace(
    ansiEscape,
    (
      whole,
      hex?: string,
      short?: string,
      long?: string,
      octal?: string,
      control?: string,
      other?: string,
    ) => {
      const code = hex ?? short ?? long;
      if (code !== undefined) return character(Number.parseInt(code, 16));
      if (octal !== undefined) return character(Number.parseInt(octal, 8) & 0xff);
      if (control !== undefined) return character(control.charCodeAt(0) & 0x1f);
      if (other !== undefined && "'\"?\\".includes(other)) return other;
      return escapes[other ?? ""] ?? whole;
    },
  );
  // The shell's word ends there, and what follows is lost.
  if (decoded.includes("\0")) throw new UnreadableCommand("a zero character");
  return decoded;
}

function character(code: number): string {
  if (code > 0x10ffff) throw new UnreadableCommand("no such character");
  return String.fromCodePoint(code);
}
