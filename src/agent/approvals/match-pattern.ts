import { fileNames, unknownText } from "./shell/shell-word.ts";

/** Comparisons that one decision may take for what is not known; beyond them a text counts as one that may match. */
export interface Effort {
  left: number;
}

/** The effort that a decision begins with: some tenths of a second. */
export const wholeEffort = 2_000_000;

/** The same text with single spaces, and none at its ends. */
export function withSingleSpaces(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Whether the whole text matches; `*` stands for any text, nothing else is special. */
export function matchesPattern(pattern: string, text: string): boolean {
  const [first = "", ...pieces] = pattern.split("*");
  const last = pieces.pop();
  if (last === undefined) return first === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let from = first.length;
  for (const piece of pieces) {
    const found = text.indexOf(piece, from);
    if (found === -1) return false;
    from = found + piece.length;
  }
  return from <= text.length - last.length;
}

/** Whether the text matches for some value of what is not known in it. */
export function mayMatchPattern(pattern: string, text: string, effort: Effort): boolean {
  if (!text.includes(unknownText) && !text.includes(fileNames)) return matchesPattern(pattern, text);
  // What is unknown may be nothing, or several words.
  const open = text
    .replace(new RegExp(` ?${unknownText} ?$`), unknownText)
    .replaceAll(`${unknownText} `, unknownText);
  effort.left -= (pattern.length + 20) * open.length;
  if (effort.left < 0) return true;
  // reach[i]: the text so far may be matched by the first i characters of the pattern.
  let reach = closeOverStars(pattern, [true, ...new Array<boolean>(pattern.length).fill(false)]);
  for (let index = 0; index < open.length; index += 1) {
    const character = open.charAt(index);
    if (character === unknownText) reach = spread(reach);
    else if (character === fileNames) {
      // File names are taken not to look like options: `rm *` is not held to be `rm -rf`.
      const atStart = index === 0 || open[index - 1] === " ";
      const noOption = reach.map((reached, at) => reached && !(atStart && pattern[at] === "-"));
      reach = spread(noOption).map((reached, at) => reached || (reach[at] ?? false));
    } else {
      const before = reach;
      reach = before.map((reached, at) => {
        const stays = reached && pattern[at] === "*";
        return stays || (at > 0 && pattern[at - 1] === character && (before[at - 1] ?? false));
      });
    }
    reach = closeOverStars(pattern, reach);
  }
  return reach[pattern.length] ?? false;
}

/** A star may stand for nothing. */
function closeOverStars(pattern: string, reach: boolean[]): boolean[] {
  const closed = [...reach];
  for (let at = 0; at < pattern.length; at += 1) if (closed[at] && pattern[at] === "*") closed[at + 1] = true;
  return closed;
}

/** Any text comes next: whatever lies behind what is reached can be reached. */
function spread(reach: boolean[]): boolean[] {
  const first = reach.indexOf(true);
  return reach.map((_, at) => first !== -1 && at >= first);
}

/** Long options and the letters that mean the same. */
const longOptions: Record<string, string> = { r: "recursive", R: "recursive", f: "force", v: "verbose" };

/**
 * Whether the words are the pattern's command in another order or spelling: its operands come first among theirs,
 * its options somewhere. `rm -rf*` is found in `rm -r --force x`, `git push*` in `git -C . push`.
 */
export function mayMatchWords(pattern: string, words: string[], effort: Effort): boolean {
  const end = pattern.indexOf(" ");
  const program = end === -1 ? pattern : pattern.slice(0, end);
  const [name = "", ...given] = words;
  if (program === "" || program === "*" || !mayMatchPattern(program, name, effort)) return false;
  const wanted = pattern.split(" ").slice(1);
  const isOpen = pattern.endsWith("*");
  const options = wanted.filter((word) => word.startsWith("-")).map((word) => word.replace(/\*$/, ""));
  const operands = wanted.filter((word) => !word.startsWith("-") && word !== "*");
  return options.every((option) => hasOption(option, given)) && hasOperands(operands, given, isOpen, effort);
}

function hasOption(option: string, given: string[]): boolean {
  if (given.some((word) => word.startsWith(unknownText))) return true;
  if (option.startsWith("--")) {
    const short = Object.keys(longOptions).filter((letter) => longOptions[letter] === option.slice(2));
    return given.some(
      (word) => isLong(word, option.slice(2)) || short.some((letter) => hasLetter(word, letter)),
    );
  }
  return [...option.slice(1)].every((letter) =>
    given.some((word) => {
      const long = longOptions[letter];
      const same = Object.keys(longOptions).filter(
        (other) => long !== undefined && longOptions[other] === long,
      );
      return (
        hasLetter(word, letter) ||
        same.some((other) => hasLetter(word, other)) ||
        (long !== undefined && isLong(word, long))
      );
    }),
  );
}

function hasLetter(word: string, letter: string): boolean {
  return /^-[^-]/.test(word) && (word.includes(letter) || word.includes(unknownText));
}

/** Long options may be cut short. */
function isLong(word: string, option: string): boolean {
  const [name = ""] = word.split("=");
  return (
    name.length > 2 && name.startsWith("--") && (`--${option}`.startsWith(name) || name.includes(unknownText))
  );
}

/** Whether the operands come first among the words, where an option may have taken the word behind it. */
function hasOperands(operands: string[], words: string[], isOpen: boolean, effort: Effort): boolean {
  // Operands found so far, for every way to read the options; and whether an option stands right before.
  let found = new Set([0]);
  for (const [index, word] of words.entries()) {
    if (word.startsWith("-") && word !== "-") continue;
    const next = new Set<number>();
    const mayBeValue = index > 0 && /^-./.test(words[index - 1] ?? "");
    for (const count of found) {
      const operand = operands[count];
      if (mayBeValue || word.includes(unknownText)) next.add(count);
      if (operand !== undefined && mayMatchPattern(operand, word, effort)) next.add(count + 1);
      else if (operand === undefined && isOpen) next.add(count);
    }
    found = next;
  }
  return found.has(operands.length);
}
