import { styleText } from "node:util";

export type CheckState = "ok" | "warning" | "failed";

/** One thing that was looked at. */
export interface Check {
  name: string;
  state: CheckState;
  /** What was found, without any secret. */
  text: string;
  /** What to do about it. */
  advice?: string;
}

const marks: Record<CheckState, "green" | "yellow" | "red"> = {
  ok: "green",
  warning: "yellow",
  failed: "red",
};

export function ok(name: string, text: string): Check {
  return { name, state: "ok", text };
}

export function warning(name: string, text: string, advice?: string): Check {
  return { name, state: "warning", text, ...(advice !== undefined && { advice }) };
}

export function failed(name: string, text: string, advice?: string): Check {
  return { name, state: "failed", text, ...(advice !== undefined && { advice }) };
}

/** What an error says, for a check's text. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes the lines of a check; the mark is coloured where the output is a terminal. */
export function renderCheck({ name, state, text, advice }: Check, output: NodeJS.WriteStream): string {
  const mark = styleText(marks[state], state.padEnd(9), { stream: output });
  const indent = " ".repeat(9 + 15);
  const lines = [`${mark}${name.padEnd(15)}${text.replaceAll("\n", `\n${indent}`)}`];
  if (advice !== undefined) lines.push(`${indent}${advice.replaceAll("\n", `\n${indent}`)}`);
  return `${lines.join("\n")}\n`;
}
