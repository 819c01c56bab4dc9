import type { Tool } from "../tools/tool.ts";

/** Words that models add to the names of tools, or leave out. */
const fillers: ReadonlySet<string> = new Set(
  "file files tool the a run do use call my function functions".split(" "),
);

/** Names under which models know tools of other makers. */
const others: Record<string, string> = {
  shell: "bash",
  sh: "bash",
  terminal: "bash",
  command: "bash",
  "execute command": "bash",
  "shell command": "bash",
  cat: "read",
  open: "read",
  view: "read",
  create: "write",
  save: "write",
  "str replace": "edit",
  ls: "list",
  dir: "list",
  directory: "list",
  "list directory": "list",
  find: "glob",
  "search content": "grep",
  rg: "grep",
  "web fetch": "fetch",
  "fetch url": "fetch",
  "web search": "search_web",
  "todo write": "todo",
  todos: "todo",
  task: "delegate",
  agent: "delegate",
};

/** The tool that a name means: the one that has it, else the only one that it comes near to. */
export function findTool(name: string, tools: readonly Tool[]): Tool | undefined {
  const exact = tools.find((tool) => tool.definition.name === name);
  if (exact) return exact;
  const wanted = wordsOf(name);
  if (wanted.length === 0) return undefined;
  for (const compare of [sameText, sameWords, otherName, oneSlip]) {
    const found = tools.filter((tool) => compare(wanted, tool.definition.name));
    if (found.length === 1) return found[0];
    if (found.length > 1) return undefined;
  }
  return undefined;
}

type Compare = (wanted: string[], name: string) => boolean;

const sameText: Compare = (wanted, name) => wanted.join("") === wordsOf(name).join("");

const sameWords: Compare = (wanted, name) => {
  const plain = (words: string[]) => {
    const told = words.filter((word) => !fillers.has(word));
    return (told.length > 0 ? told : words).toSorted().join(" ");
  };
  return plain(wanted) === plain(wordsOf(name));
};

const otherName: Compare = (wanted, name) => {
  const told = wanted.filter((word) => !fillers.has(word)).join(" ");
  return others[wanted.join(" ")] === name || others[told] === name;
};

const oneSlip: Compare = (wanted, name) => {
  const [text, right] = [wanted.join(""), wordsOf(name).join("")];
  return Math.min(text.length, right.length) >= 4 && isOneSlip(text, right);
};

/** `functions.readFile` is `read file`: what stands before a dot or colon names where the tool is from. */
function wordsOf(name: string): string[] {
  const own = name.trim().split(/[.:/]/).at(-1) ?? "";
  return own
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

/** Whether one letter is wrong, too many, missing, or has changed places with its neighbour. */
function isOneSlip(text: string, right: string): boolean {
  const long = Math.max(text.length, right.length);
  let start = 0;
  while (start < long && text[start] === right[start]) start += 1;
  const [rest, due] = [text.slice(start), right.slice(start)];
  const swapped = `${rest[1] ?? ""}${rest[0] ?? ""}${rest.slice(2)}`;
  return rest.slice(1) === due.slice(1) || rest.slice(1) === due || rest === due.slice(1) || swapped === due;
}
