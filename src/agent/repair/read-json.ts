import { type ParseError, parse } from "jsonc-parser";

/** Objects in objects that are written as texts, as some models do, are opened this often. */
const maxEncodings = 3;

/**
 * The JSON value that a model meant: also where it is encoded twice, stands between other words or in a code fence,
 * has commas or comments too many, lines broken within texts, or is written as Python writes it. Never one that is
 * cut off, and none where two are there to choose from: then `fault` says what is wrong.
 */
export function readJson(text: string): { value: unknown } | { fault: string } {
  let source = text;
  for (let encoding = 0; encoding < maxEncodings; encoding += 1) {
    const read = readOnce(source);
    if ("fault" in read || typeof read.value !== "string") return read;
    source = read.value;
    if (source.trim() === "") return { value: {} };
  }
  return readOnce(source);
}

function readOnce(text: string): { value: unknown } | { fault: string } {
  let fault: string;
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error);
  }
  const found = findObjects(text);
  if (found === "cut off") return { fault: `${fault}. The object has no end: it was cut off` };
  const values = found.map(readTolerantly);
  const [first] = values;
  if (!first) return { fault };
  if (values.some((each) => JSON.stringify(each) !== JSON.stringify(first))) {
    return { fault: `${fault}. Write one object, and nothing beside it` };
  }
  return first;
}

/** The texts of the objects that stand side by side in a text, or that the last one has no end. */
function findObjects(text: string): string[] | "cut off" {
  const objects: string[] = [];
  let depth = 0;
  let start = 0;
  let quote = "";
  for (let index = 0; index < text.length; index += 1) {
    const next = text.charAt(index);
    if (quote !== "") {
      if (next === "\\") index += 1;
      else if (next === quote) quote = "";
    } else if (next === "{") {
      if (depth === 0) start = index;
      depth += 1;
    } else if (depth > 0) {
      if (next === '"' || (next === "'" && isQuote(text, index))) quote = next;
      if (next !== "}") continue;
      depth -= 1;
      if (depth === 0) objects.push(text.slice(start, index + 1));
    }
  }
  return depth > 0 ? "cut off" : objects;
}

/** Whether a `'` begins a text, as in Python, rather than standing in one. */
function isQuote(text: string, index: number): boolean {
  return /[{[,:(]\s*$/.test(text.slice(Math.max(0, index - 20), index));
}

/** An object that is complete, but not quite JSON. */
function readTolerantly(source: string): { value: unknown } | undefined {
  const errors: ParseError[] = [];
  const text = source.includes('"') ? escapeLineBreaks(source) : fromPython(source);
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  return errors.length === 0 && typeof value === "object" && value !== null ? { value } : undefined;
}

/** Characters that JSON wants escaped within texts. */
const escapes: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeLineBreaks(source: string): string {
  return source.replace(/"(?:[^"\\]|\\[\s\S])*"/g, (text) =>
    text.replace(/[\n\r\t]/g, (character) => escapes[character] ?? character),
  );
}

/** Single quotes and capital words; what has double quotes as well is left alone. */
function fromPython(source: string): string {
  const texts = /'((?:[^'\\]|\\[\s\S])*)'|\b(True|False|None)\b/g;
  const words: Record<string, string> = { True: "true", False: "false", None: "null" };
  return source.replace(texts, (whole, text?: string, word?: string) =>
    word ? (words[word] ?? whole) : escapeLineBreaks(`"${(text ?? "").replaceAll("\\'", "'")}"`),
  );
}
