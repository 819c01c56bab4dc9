import { createInterface } from "node:readline/promises";
import type { AnswerCreate, Request } from "../protocol/request.ts";

/** An answer without the id of what it answers. */
export type GivenAnswer = Omit<AnswerCreate, "request_id">;

/**
 * What a line typed at a terminal answers to a request; null if it is no answer. To a question: numbers of its
 * choices, or words of one's own. To an approval: `y` or `n`, or `t` and `a` for always (in this task, in all tasks)
 * where there is a rule to make; and behind it what the model shall be told.
 */
export function readAnswer(
  line: string,
  { kind, choices = [], multiple = false, rule }: Request,
): GivenAnswer | null {
  const text = line.trim();
  if (text === "") return null;
  if (kind === "approval") {
    const [, word = "", note] = /^(y|yes|n|no|t|task|a|always)\b\s*(.*)$/is.exec(text) ?? [];
    const letter = word.charAt(0).toLowerCase();
    const remember = letter === "t" ? "task" : letter === "a" ? "user" : undefined;
    if (letter === "" || (remember && !rule)) return null;
    const decision = letter === "n" ? "deny" : "allow";
    return { decision, ...(note && { note }), ...(remember && { remember }) };
  }
  if (!/^\d+([\s,，、]+\d+)*$/.test(text) || choices.length === 0) return { answers: [text] };
  const chosen = new Set(text.split(/[\s,，、]+/).map((number) => choices[Number(number) - 1]?.label));
  const labels = [...chosen].filter((label) => label !== undefined);
  return labels.length < chosen.size || (labels.length > 1 && !multiple) ? null : { answers: labels };
}

/** Asks the person at the terminal until there is an answer; null where the input ends. Rejects once aborted. */
export async function askPerson(request: Request, signal: AbortSignal): Promise<GivenAnswer | null> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While a line is read the terminal gives Ctrl-C as a key.
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const ended = new AbortController();
  terminal.on("close", () => ended.abort());
  try {
    for (;;) {
      const line = await terminal.question(promptFor(request), {
        signal: AbortSignal.any([signal, ended.signal]),
      });
      const answer = readAnswer(line, request);
      if (answer) return answer;
    }
  } catch (error) {
    // The prompt still stands there.
    process.stderr.write("\n");
    signal.throwIfAborted();
    if (ended.signal.aborted) return null;
    throw error;
  } finally {
    terminal.close();
  }
}

function promptFor({ kind, choices = [], multiple = false, rule }: Request): string {
  if (kind === "approval") {
    const always = rule ? "/t: always in this task/a: always" : "";
    return `Allow it? (y/n${always}, and what the model shall be told) `;
  }
  if (choices.length === 0) return "Your answer: ";
  return multiple ? "Numbers, or your own words: " : "A number, or your own words: ";
}
