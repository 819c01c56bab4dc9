import type { ContextRecord, PromptSection } from "./context-record.ts";

/**
 * The record that also tells, with the user message at `idx`, what of the system prompt's sections is no longer as the
 * model knows them; the same record where all is as it was.
 */
export function noteChanges(record: ContextRecord, now: PromptSection[], idx: number): ContextRecord {
  const known = new Map(record.sections.map(({ name, text }) => [name, text]));
  for (const [name, text] of Object.entries(record.changed)) known.set(name, text);
  const current = new Map(now.map(({ name, text }) => [name, text]));
  for (const name of known.keys()) if (!current.has(name)) current.set(name, "");
  const parts: string[] = [];
  const changed = { ...record.changed };
  for (const [name, text] of current) {
    const before = known.get(name) ?? "";
    if (before === text) continue;
    changed[name] = text;
    parts.push(describeChange(name, before, text));
  }
  if (parts.length === 0) return record;
  const text = `[From zcbot, not from the user: this has changed since your instructions were written.]\n\n${parts.join("\n\n")}`;
  return { ...record, changed, notes: [...record.notes, { idx, text }] };
}

/** Line by line where that is the shorter way to say it. */
function describeChange(name: string, before: string, after: string): string {
  if (after === "") return `"${name}" no longer holds: what your instructions say about it is void.`;
  const added = linesOnlyIn(after, before);
  const removed = linesOnlyIn(before, after);
  const length = [...added, ...removed].reduce((sum, line) => sum + line.length, 0);
  if (before === "" || length === 0 || length > after.length / 2) return `"${name}" is now:\n\n${after}`;
  const come = added.length > 0 ? `\nNew lines:\n${added.join("\n")}` : "";
  const gone = removed.length > 0 ? `\nLines that no longer hold:\n${removed.join("\n")}` : "";
  return `"${name}" has changed.${come}${gone}`;
}

function linesOnlyIn(text: string, other: string): string[] {
  const known = new Set(other.split("\n"));
  return text.split("\n").filter((line) => line.trim() !== "" && !known.has(line));
}
