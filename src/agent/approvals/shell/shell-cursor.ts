import { decodeAnsiString, fileNames, UnreadableCommand, unknownText, type Word } from "./shell-word.ts";

/** Deeper than this nobody nests commands in good faith. */
const maxDepth = 40;

/** What is looked at for the end of `((…))` in all, characters: a guess that fails is made again from within. */
const maxScanned = 500_000;

/** How far a brace is looked into, characters. */
const braceLength = 2_000;

/** What ends a word where it is not quoted. */
const metacharacters = " \t\n|&;()<>";

/** Reads one script from left to right: words, and what in them is a script again. */
export class ShellCursor {
  readonly text: string;
  /** How many scripts around this place are still open. */
  depth: number;
  index = 0;
  #scanned = 0;
  /** Reads commands from here to the `)` that closes them. */
  readonly #readNested: (cursor: ShellCursor) => void;

  constructor(text: string, depth: number, readNested: (cursor: ShellCursor) => void) {
    this.text = text;
    this.depth = depth;
    this.#readNested = readNested;
  }

  /** Reads the script that begins here, up to and over its `)`. */
  readNested(): void {
    this.depth += 1;
    if (this.depth > maxDepth) throw new UnreadableCommand("nested too deeply");
    this.#readNested(this);
    this.depth -= 1;
  }

  /** The next characters, if they are these. */
  sees(expected: string): boolean {
    return this.text.startsWith(expected, this.index);
  }

  get isAtEnd(): boolean {
    return this.index >= this.text.length;
  }

  /** Moves over blanks, continued lines and comments; not over the end of a line. */
  skipBlanks(): void {
    for (;;) {
      if (this.sees(" ") || this.sees("\t")) this.index += 1;
      else if (this.sees("\\\n")) this.index += 2;
      else break;
    }
    if (!this.sees("#")) return;
    const end = this.text.indexOf("\n", this.index);
    this.index = end === -1 ? this.text.length : end;
  }

  /** The word that begins here; undefined where none does. */
  readWord(): Word | undefined {
    const start = this.index;
    let text = "";
    let bare = true;
    let expandsBraces = false;
    while (!this.isAtEnd) {
      const next = this.text.charAt(this.index);
      if (metacharacters.includes(next)) {
        if (next !== "(" || !this.#takesParenthesis(start)) break;
        this.#skipParenthesis();
        text += unknownText;
      } else if (next === "\\") {
        if (!this.sees("\\\n")) {
          bare = false;
          text += this.text.charAt(this.index + 1);
        }
        this.index += 2;
      } else if (next === "'" || next === '"') {
        bare = false;
        this.index += 1;
        text += next === "'" ? this.#readQuoted() : this.readDouble('"');
      } else if (next === "$" || next === "`") {
        bare = false;
        text += this.#readExpansion(false);
      } else {
        if (next === "{" && this.#startsBraces()) expandsBraces = true;
        text += this.#isPattern(next, start) ? fileNames : next;
        this.index += 1;
      }
    }
    if (this.index === start) return undefined;
    return { text: expandsBraces ? unknownText : text, source: this.text.slice(start, this.index), bare };
  }

  /** Text with expansions in it, up to and over `end`; to the end of the script where that is empty. */
  readDouble(end: '"' | ""): string {
    let text = "";
    while (!this.isAtEnd) {
      const next = this.text.charAt(this.index);
      if (end !== "" && next === end) {
        this.index += 1;
        return text;
      }
      if (next === "\\") {
        const escaped = this.text.charAt(this.index + 1);
        if (escaped === "\n") text += "";
        else text += '$`"\\'.includes(escaped) ? escaped : `\\${escaped}`;
        this.index += 2;
      } else if (next === "$" || next === "`") text += this.#readExpansion(true);
      else {
        text += next;
        this.index += 1;
      }
    }
    if (end !== "") throw new UnreadableCommand("an open quote");
    return text;
  }

  /** Moves over `((…))` and gives true, or stays before it where it turns out to be commands. */
  skipArithmetic(): boolean {
    const start = this.index;
    if (this.#scanned > maxScanned) throw new UnreadableCommand("too many parentheses");
    let open = 0;
    while (!this.isAtEnd) {
      const next = this.text.charAt(this.index);
      if (next === "$" || next === "`") {
        this.#readExpansion(true);
        continue;
      }
      if (next === "'" || next === '"' || next === "\\") break;
      this.index += 1;
      if (next === "(") open += 1;
      if (next === ")") open -= 1;
      if (open > 1 || next !== ")") continue;
      if (open === 0) return true;
      // The inner one is closed: the outer one must be, at once.
      if (!this.sees(")")) break;
    }
    this.#scanned += this.index - start;
    this.index = start;
    return false;
  }

  #readQuoted(): string {
    const end = this.text.indexOf("'", this.index);
    if (end === -1) throw new UnreadableCommand("an open quote");
    const text = this.text.slice(this.index, end);
    this.index = end + 1;
    return text;
  }

  /** What begins with `$` or a backquote. */
  #readExpansion(inDouble: boolean): string {
    if (this.sees("`")) return this.#readBackquoted(inDouble);
    // The shell joins the lines first, and then sees what the $ is for.
    if (this.sees("$\\\n") || this.sees("$[")) throw new UnreadableCommand("an unusual expansion");
    if (this.sees("$(")) {
      this.index += 1;
      if (this.sees("((") && this.skipArithmetic()) return unknownText;
      this.index += 1;
      this.readNested();
      return unknownText;
    }
    if (this.sees("${")) return this.#readParameter(inDouble);
    const name = /^\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/.exec(
      this.text.slice(this.index, this.index + 200),
    );
    if (name) {
      this.index += name[0].length;
      return unknownText;
    }
    this.index += 1;
    if (inDouble) return "$";
    if (this.sees("'")) return this.#readAnsiString();
    // `$"…"` is a text to be translated: as it stands, mostly.
    return this.sees('"') ? "" : "$";
  }

  #readAnsiString(): string {
    const match = /^'((?:[^'\\]|\\[\s\S])*)'/.exec(this.text.slice(this.index));
    if (!match) throw new UnreadableCommand("an open quote");
    this.index += match[0].length;
    return decodeAnsiString(match[1] ?? "");
  }

  #readBackquoted(inDouble: boolean): string {
    const match = /^`((?:[^`\\]|\\[\s\S])*)`/.exec(this.text.slice(this.index));
    if (!match) throw new UnreadableCommand("an open quote");
    this.index += match[0].length;
    const script = (match[1] ?? "").replace(inDouble ? /\\([$`\\"])/g : /\\([$`\\])/g, "$1");
    const nested = new ShellCursor(`${script}\n)`, this.depth, this.#readNested);
    nested.readNested();
    if (!nested.isAtEnd) throw new UnreadableCommand("a stray parenthesis");
    return unknownText;
  }

  /** `${…}`: what it gives is unknown, what it runs is read. */
  #readParameter(inDouble: boolean): string {
    this.index += 2;
    // `${ command; }` runs it; `@P` runs what the variable holds.
    if (/^[\s|]/.test(this.text.charAt(this.index))) throw new UnreadableCommand("an unusual expansion");
    while (!this.isAtEnd) {
      const next = this.text.charAt(this.index);
      if (next === "}") {
        this.index += 1;
        return unknownText;
      }
      if (next === "$" || next === "`") this.#readExpansion(inDouble);
      else if (next === "'" && inDouble) throw new UnreadableCommand("an unusual expansion");
      else {
        this.index += next === "\\" ? 2 : 1;
        if (next === "'") this.#readQuoted();
        if (next === '"') this.readDouble('"');
        if (next === "@" && this.sees("P}")) throw new UnreadableCommand("an unusual expansion");
      }
    }
    throw new UnreadableCommand("an open brace");
  }

  /** Whether the `(` here belongs to the word: of a list as in `a=(…)`, of a pattern as in `@(…)`. */
  #takesParenthesis(start: number): boolean {
    const before = this.text.slice(start, this.index);
    return /^[A-Za-z_][A-Za-z0-9_]*\+?=$/.test(before) || /[?*+@!]$/.test(before);
  }

  /** Moves over `(…)` inside of a word; only what expands in it is read. */
  #skipParenthesis(): void {
    let open = 0;
    while (!this.isAtEnd) {
      const next = this.text.charAt(this.index);
      if (next === "$" || next === "`") {
        this.#readExpansion(false);
        continue;
      }
      this.index += next === "\\" ? 2 : 1;
      if (next === "'") this.#readQuoted();
      if (next === '"') this.readDouble('"');
      if (next === "(") open += 1;
      if (next === ")") open -= 1;
      if (open === 0) return;
    }
    throw new UnreadableCommand("an open parenthesis");
  }

  /** Whether the brace here may make several words of one. */
  #startsBraces(): boolean {
    const rest = this.text.slice(this.index + 1, this.index + braceLength);
    if (/^[\s}]/.test(rest)) return false;
    return rest.length === braceLength - 1 || (/,|\.\./.test(rest) && rest.includes("}"));
  }

  #isPattern(next: string, start: number): boolean {
    if (next === "*" || next === "?") return true;
    if (next !== "[") return false;
    // `[` and `[[` are commands.
    const following = this.text.charAt(this.index + 1);
    if (this.index === start && (following === "[" || following === "" || /\s/.test(following))) return false;
    return !(this.index === start + 1 && this.text.charAt(start) === "[" && /^\s?$/.test(following));
  }
}
