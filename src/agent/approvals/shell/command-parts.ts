import { fileNames, isLiteral, UnreadableCommand, unknownText } from "./shell-word.ts";
import { listSimpleCommands, type SimpleCommand } from "./simple-commands.ts";
import { findWrapped, isWrapper, takesCode } from "./wrappers.ts";

/** One program that a command starts, in every form in which rules may know it. */
export interface CommandPart {
  /** What stands for the part: its words as written, or those behind a wrapper that changes nothing. */
  words: string[];
  /** What it comes to as well: without assignments, without a wrapper, under its plain name. */
  others: string[][];
  /** Its output goes to a file. */
  writesFile: boolean;
}

/** All a command starts; `unreadable`, in words, where there may be more than that. */
export interface CommandReading {
  parts: CommandPart[];
  unreadable: string | undefined;
}

/** A reading in the making. */
interface Reading extends CommandReading {
  forms: number;
}

/** Scripts within scripts, as in `bash -c "bash -c …"`. */
const maxNesting = 8;

/** Commands with more parts and forms of them than this are not followed to their end. */
const maxForms = 1_000;

/** Wrappers with more words than this are not followed. */
const maxWrapped = 60;

/** Reads a bash command as far as that can be done before it runs. Never throws. */
export function readCommand(script: string): CommandReading {
  const reading: Reading = { parts: [], unreadable: undefined, forms: 0 };
  readScript(script, 0, reading);
  return reading;
}

function readScript(script: string, nesting: number, reading: Reading): void {
  try {
    if (nesting > maxNesting) throw new UnreadableCommand("nested too deeply");
    if (!isLiteral(script)) throw new UnreadableCommand("it is put together only when it runs");
    for (const command of listSimpleCommands(script)) readSimple(command, nesting, reading);
  } catch (error) {
    // Whatever went wrong, what runs is not known.
    reading.unreadable ??= error instanceof UnreadableCommand ? error.message : "it cannot be parsed";
  }
}

function readSimple(command: SimpleCommand, nesting: number, reading: Reading): void {
  const { assignments, writesFile } = command;
  const written = plainNames(command.words.map(({ text }) => text));
  const wrapped = findWrapped(written);
  const isBare = wrapped?.isTransparent === true;
  const words = isBare ? plainNames(written.slice(wrapped.at)) : written;
  const part: CommandPart = { words: [...assignments, ...words], others: [], writesFile };
  reading.parts.push(part);
  reading.forms += 1;
  if (isBare || assignments.length > 0) part.others.push(written);
  for (const form of unwrap(written)) {
    part.others.push(...nicknames(form));
    reading.forms += 1;
    if (reading.forms > maxForms) throw new UnreadableCommand("too many commands");
    readInner(form, command, nesting, reading);
  }
  if (!isLiteral(written[0] ?? "")) throw new UnreadableCommand(notWrittenOut);
}

/** The command and, if it is a wrapper, everything that may be what it starts. */
function unwrap(words: string[]): string[][] {
  const [name = ""] = words;
  if (!isWrapper(name)) return [words];
  if (words.length > maxWrapped) throw new UnreadableCommand("too many words behind a wrapper");
  const filled = fillIn(words);
  const forms = filled.map((_, index) => plainNames(filled.slice(index)));
  const inner =
    name === "find" ? forms.filter((_, index) => /^-(?:exec|ok)/.test(words[index - 1] ?? "")) : forms;
  const started = name === "find" ? inner : [plainNames(filled.slice(findWrapped(filled)?.at ?? 0))];
  if (started.some(([program = ""]) => !isLiteral(program))) throw new UnreadableCommand(notWrittenOut);
  return [words, ...inner.filter(([program = ""]) => isLiteral(program))];
}

const notWrittenOut = "which program it starts is not written out";

/** What `xargs` adds, and what stands for it or for the files of `find`. */
function fillIn(words: string[]): string[] {
  const [name] = words;
  if (name === "find" || name === "fd") return words.map((word) => word.replaceAll("{}", fileNames));
  if (name !== "xargs" && name !== "parallel") return words;
  const option = words.findIndex((word) => /^-[Ii]|^--(?:replace|I)/.test(word));
  if (option === -1 && name === "xargs") return [...words, unknownText];
  const sign = /^-[Ii](.+)|^--replace=(.+)/.exec(words[option] ?? "");
  const next = words[option] === "-I" ? words[option + 1] : undefined;
  const placeholder = sign?.[1] ?? sign?.[2] ?? next ?? "{}";
  const isHead = (index: number) => index <= option + (next === undefined ? 0 : 1);
  const filled = words.map((word, index) =>
    isHead(index) ? word : word.replaceAll(placeholder, unknownText),
  );
  return name === "xargs" ? filled : [...filled, unknownText];
}

const plainFolder = /^\/(?:usr\/)?(?:local\/)?s?bin\/(?=[^/]+$)/;

/** The program without the folder where the system keeps it. */
function plainNames([name = "", ...rest]: string[]): string[] {
  return [name.replace(plainFolder, ""), ...rest];
}

/** The command under the other names of its program: without any folder, `git-push` for `git push`. */
function nicknames(words: string[]): string[][] {
  const [name = "", ...rest] = words;
  const base = name.slice(name.lastIndexOf("/") + 1);
  const forms = base === name ? [words] : [words, [base, ...rest]];
  const [, program, command] = /^(git)-(.+)$/.exec(base) ?? [];
  return program && command ? [...forms, [program, command, ...rest]] : forms;
}

const shells: ReadonlySet<string> = new Set("sh bash dash zsh ksh mksh ash rbash fish csh tcsh".split(" "));

/** Follows what a command runs that is itself a script. */
function readInner(form: string[], command: SimpleCommand, nesting: number, reading: Reading): void {
  const [given = "", ...rest] = form;
  const name = given.slice(given.lastIndexOf("/") + 1);
  const follow = (script: string): void => readScript(script, nesting + 1, reading);
  if (shells.has(name)) {
    const script = findScript(rest, command);
    if (script !== undefined) follow(script);
  } else if (name === "eval") follow(rest.join(" "));
  else if (name === "trap") follow(rest.find((word) => !word.startsWith("-")) ?? "");
  else if (name === "alias" || (name === "git" && rest.some((word) => /\balias\./.test(word)))) {
    reading.unreadable ??= "it gives commands other names";
  } else if (name === "source" || name === ".") {
    if (isFed(rest[0] ?? "")) reading.unreadable ??= "it runs what it is fed";
  } else if (takesCode(name)) {
    for (const word of rest)
      if (/[\s;|&$`]/.test(word) || !isLiteral(word))
        for (const script of withoutOption(word)) follow(script);
  }
}

/** A script that is written right behind its option, as in `-S"git push"`, and the word itself. */
function withoutOption(word: string): string[] {
  if (word.startsWith("--")) return [word.slice(word.indexOf("=") + 1)];
  return word.startsWith("-") ? [2, 3, 4].map((length) => word.slice(length)) : [word];
}

/** Options of shells that a value follows. */
const valued = /^(?:[-+][oO]|--rcfile|--init-file)$/;

/** The script that a shell is given on its command line or as input; undefined where it runs a file. */
function findScript(words: string[], { input }: SimpleCommand): string | undefined {
  let hasCode = false;
  let readsInput = false;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (/^[-+]./.test(word) && word !== "--" && !word.startsWith(unknownText)) {
      if (/^-[a-zA-Z]*c/.test(word)) hasCode = true;
      if (/^-[a-zA-Z]*s/.test(word)) readsInput = true;
      if (valued.test(word)) index += 1;
      continue;
    }
    const operand = word === "--" ? words[index + 1] : word;
    if (operand === undefined || readsInput) break;
    if (hasCode) return operand;
    return isFed(operand) ? unknownText : undefined;
  }
  return input?.literal ? input.text : unknownText;
}

/** Whether the file is none that could be looked into: the shell's input, or one known only when it runs. */
function isFed(path: string): boolean {
  return !isLiteral(path) || path === "-" || /^\/(?:dev|proc)\//.test(path);
}
