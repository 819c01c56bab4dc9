import { ShellCursor } from "./shell-cursor.ts";
import { UnreadableCommand, type Word } from "./shell-word.ts";

/** One program that a script starts, with what its words are and what it is fed. */
export interface SimpleCommand {
  /** Never empty; without assignments and redirections. */
  words: Word[];
  /** `X=1` in front of the words, as written. */
  assignments: string[];
  /** What it reads as its input, where that stands in the script; `literal`: nothing in it expands. */
  input: { text: string; literal: boolean } | undefined;
  /** Its output goes to a file. */
  writesFile: boolean;
}

/** Longer than this no command is read, characters. */
const maxLength = 100_000;

/**
 * All simple commands of a bash script, wherever they stand: in pipelines, lists, groups, loops, functions,
 * substitutions and here-documents. Where in doubt it gives more than will run. Throws `UnreadableCommand` for what
 * bash might read otherwise.
 */
export function listSimpleCommands(script: string): SimpleCommand[] {
  if (script.length > maxLength) throw new UnreadableCommand("too long");
  const found: SimpleCommand[] = [];
  const read = (cursor: ShellCursor): void => new ScriptReader(cursor, found).read(true);
  new ScriptReader(new ShellCursor(script, 0, read), found).read(false);
  return found;
}

/** The longest come first, so that each is taken whole. */
const operators = [
  "&>>",
  "<<-",
  "<<<",
  ";;&",
  "&&",
  "||",
  "|&",
  ";;",
  ";&",
  "<<",
  ">>",
  "<&",
  ">&",
  "<>",
  ">|",
  "&>",
  "<(",
  ">(",
  ";",
  "&",
  "|",
  "(",
  ")",
  "<",
  ">",
  "\n",
];

const redirections: ReadonlySet<string> = new Set([
  "<",
  ">",
  ">>",
  "<<",
  "<<-",
  "<<<",
  "<&",
  ">&",
  "<>",
  ">|",
  "&>",
  "&>>",
]);

/** Words of the shell that a command may follow. */
const openers: ReadonlySet<string> = new Set(
  "if then elif else fi while until do done ! { } time coproc".split(" "),
);

const assignment = /^[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?\+?=/;

interface HereDocument {
  end: string;
  tabs: boolean;
  quoted: boolean;
  command: SimpleCommand;
}

class ScriptReader {
  readonly #cursor: ShellCursor;
  readonly #found: SimpleCommand[];
  #command = emptyCommand();
  #documents: HereDocument[] = [];
  /** Of what is open around this place: `(`, or a `case`. */
  #open: ("(" | "case")[] = [];

  constructor(cursor: ShellCursor, found: SimpleCommand[]) {
    this.#cursor = cursor;
    this.#found = found;
  }

  /** Reads to the end of the text, or with `nested` to the `)` that closes it. */
  read(nested: boolean): void {
    const cursor = this.#cursor;
    for (;;) {
      cursor.skipBlanks();
      if (cursor.isAtEnd) break;
      if (this.#isStart && cursor.sees("((") && cursor.skipArithmetic()) continue;
      const operator = this.#readOperator();
      if (operator === undefined) this.#takeWord();
      else if (operator === ")" && this.#open.at(-1) !== "(") {
        if (!nested) throw new UnreadableCommand("a stray parenthesis");
        this.#end();
        if (this.#documents.length > 0) throw new UnreadableCommand("an open here-document");
        return;
      } else this.#takeOperator(operator);
    }
    if (nested || this.#open.length > 0) throw new UnreadableCommand("an open parenthesis");
    this.#readDocuments();
    this.#end();
  }

  /** A command may begin here. */
  get #isStart(): boolean {
    return this.#command.words.length === 0 && this.#command.assignments.length === 0;
  }

  #readOperator(): string | undefined {
    // A number right before a redirection is a part of it.
    const digits = /^\d+(?=[<>])|^\{[A-Za-z_][A-Za-z0-9_]*\}(?=[<>])/.exec(this.#rest(100));
    if (digits) this.#cursor.index += digits[0].length;
    const operator = operators.find((each) => this.#cursor.sees(each));
    if (operator !== undefined) this.#cursor.index += operator.length;
    return operator;
  }

  /** What comes next, up to so many characters. */
  #rest(length: number): string {
    return this.#cursor.text.slice(this.#cursor.index, this.#cursor.index + length);
  }

  #takeOperator(operator: string): void {
    if (redirections.has(operator)) {
      this.#redirect(operator);
      return;
    }
    if (operator === "<(" || operator === ">(") {
      this.#cursor.readNested();
      // Its name is made up by the shell; the rest of the word, if any, follows as one of its own.
      this.#command.words.push({ text: "/dev/fd/63", source: operator, bare: false });
      return;
    }
    this.#end();
    if (operator === "(") this.#open.push("(");
    else if (operator === ")") this.#open.pop();
    else if (operator === "\n") this.#readDocuments();
    else if (operator.startsWith(";") && operator !== ";") {
      if (this.#open.at(-1) !== "case") throw new UnreadableCommand("a stray ;;");
      this.#skipPattern();
    }
  }

  #takeWord(): void {
    const word = this.#cursor.readWord();
    if (!word) throw new UnreadableCommand("an unexpected character");
    if (this.#command.words.length > 0) this.#command.words.push(word);
    else if (assignment.test(word.source)) this.#command.assignments.push(word.source);
    else if (!word.bare || !this.#isStart || !this.#takeReserved(word.text)) this.#command.words.push(word);
  }

  /** Deals with a word of the shell's own; says whether it was one. */
  #takeReserved(text: string): boolean {
    if (openers.has(text)) {
      if (text === "time" && /^[ \t]+-p\s/.test(this.#rest(10))) this.#readPlainWord();
      return true;
    }
    if (text === "esac") {
      if (this.#open.at(-1) === "case") this.#open.pop();
      return true;
    }
    if (text === "for" || text === "select") this.#skipLoopHead();
    else if (text === "case") this.#readCase();
    else if (text === "[[") this.#skipCondition();
    else if (text === "function") this.#readPlainWord();
    else return false;
    return true;
  }

  /** `for NAME in WORDS`: the words run nothing themselves. */
  #skipLoopHead(): void {
    const cursor = this.#cursor;
    cursor.skipBlanks();
    if (cursor.sees("((") && cursor.skipArithmetic()) return;
    for (;;) {
      cursor.skipBlanks();
      if (cursor.isAtEnd || cursor.sees(";") || cursor.sees("\n")) return;
      const word = cursor.readWord();
      if (!word) throw new UnreadableCommand("an unusual loop");
      if (word.bare && word.text === "do") return;
    }
  }

  #readCase(): void {
    this.#readPlainWord();
    this.#skipLines();
    if (this.#readPlainWord().text !== "in") throw new UnreadableCommand("an unusual case");
    this.#open.push("case");
    this.#skipPattern();
  }

  /** Moves over the patterns before a branch of `case`, or over its end. */
  #skipPattern(): void {
    const cursor = this.#cursor;
    this.#skipLines();
    if (cursor.sees("(")) cursor.index += 1;
    for (let isFirst = true; ; isFirst = false) {
      cursor.skipBlanks();
      const word = cursor.readWord();
      if (word?.bare && word.text === "esac" && isFirst) {
        this.#open.pop();
        return;
      }
      cursor.skipBlanks();
      const next = cursor.text.charAt(cursor.index);
      cursor.index += 1;
      if (next === ")") return;
      if (next !== "|" || !word) throw new UnreadableCommand("an unusual case");
    }
  }

  /** `[[ … ]]`: compares, and runs nothing but what expands in it. */
  #skipCondition(): void {
    const cursor = this.#cursor;
    while (!cursor.isAtEnd) {
      this.#skipLines();
      const word = cursor.readWord();
      if (word?.bare && word.text === "]]") return;
      if (!word) cursor.index += 1;
    }
    throw new UnreadableCommand("an open condition");
  }

  #skipLines(): void {
    this.#cursor.skipBlanks();
    while (this.#cursor.sees("\n")) {
      if (this.#documents.length > 0) throw new UnreadableCommand("an unusual here-document");
      this.#cursor.index += 1;
      this.#cursor.skipBlanks();
    }
  }

  #readPlainWord(): Word {
    this.#cursor.skipBlanks();
    const word = this.#cursor.readWord();
    if (!word) throw new UnreadableCommand("a missing word");
    return word;
  }

  #redirect(operator: string): void {
    this.#cursor.skipBlanks();
    if (this.#cursor.sees("<(") || this.#cursor.sees(">(")) {
      this.#cursor.index += 2;
      this.#cursor.readNested();
      return;
    }
    const word = this.#readPlainWord();
    if (operator === "<<" || operator === "<<-") {
      const end = { end: word.text, tabs: operator === "<<-", quoted: /['"\\$`]/.test(word.source) };
      this.#documents.push({ ...end, command: this.#command });
    } else if (operator === "<<<") {
      this.#command.input = { text: word.text, literal: true };
    } else if (operator.includes(">") && operator !== "<>" && !/^(?:\/dev\/null|&?[\d-]+)$/.test(word.text)) {
      this.#command.writesFile = true;
    }
  }

  /** The here-documents that begin behind this line. */
  #readDocuments(): void {
    for (const document of this.#documents.splice(0)) {
      const lines: string[] = [];
      while (!this.#cursor.isAtEnd) {
        const line = this.#readLine(document.tabs);
        if (line === document.end) break;
        lines.push(line);
      }
      const text = lines.join("\n");
      const literal = document.quoted || !/[$`\\]/.test(text);
      document.command.input = { text, literal };
      if (!literal) {
        const read = (cursor: ShellCursor): void => new ScriptReader(cursor, this.#found).read(true);
        new ShellCursor(text, this.#cursor.depth, read).readDouble("");
      }
    }
  }

  #readLine(withoutTabs: boolean): string {
    const { text, index } = this.#cursor;
    const end = text.indexOf("\n", index);
    this.#cursor.index = end === -1 ? text.length : end + 1;
    const line = text.slice(index, end === -1 ? text.length : end);
    return withoutTabs ? line.replace(/^\t+/, "") : line;
  }

  /** What has been read of a command is all of it. */
  #end(): void {
    if (this.#command.words.length > 0) this.#found.push(this.#command);
    this.#command = emptyCommand();
  }
}

function emptyCommand(): SimpleCommand {
  return { words: [], assignments: [], input: undefined, writesFile: false };
}
