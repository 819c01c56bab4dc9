import { posix } from "node:path";
import { relativePath } from "../tools/define-tool.ts";
import type { CallSubject, Tool, Workplace } from "../tools/tool.ts";

/** What a call is about, in the one form that rules are held against. */
export interface KnownSubject {
  kind: CallSubject["kind"] | "arguments";
  text: string;
}

/** The subject of a call: a path without detours, an address as it is opened, a command as written; else its arguments. */
export function subjectOf(
  tool: Tool,
  input: unknown,
  place: Pick<Workplace, "directory" | "sandbox">,
): KnownSubject {
  const subject = tool.subject?.(input);
  if (!subject) return { kind: "arguments", text: JSON.stringify(input) ?? "" };
  if (subject.kind === "path") return { kind: "path", text: plainPath(subject.text, place) };
  if (subject.kind === "address") return { kind: "address", text: plainAddress(subject.text) };
  return subject;
}

function plainPath(path: string, place: Pick<Workplace, "directory" | "sandbox">): string {
  const plain = posix.normalize(relativePath(path, place) || ".");
  return plain.length > 1 ? plain.replace(/\/$/, "") : plain;
}

/** Without a name and password, which change nothing about whose host it is, nor a fragment, nor letters written as codes. */
function plainAddress(text: string): string {
  const address = URL.parse(text.trim());
  if (!address) return text.trim();
  address.username = "";
  address.password = "";
  address.hash = "";
  if (address.hostname.endsWith(".")) address.hostname = address.hostname.slice(0, -1);
  return address.href.replaceAll(/%([0-9a-f]{2})/gi, (sign, code: string) => {
    const character = String.fromCharCode(Number.parseInt(code, 16));
    return /[\w.~-]/.test(character) ? character : sign;
  });
}
