import type { Task } from "../../protocol/task.ts";

/** The task's working directory as the files panel names it: relative to the user's root. */
export function directoryOf(task: Pick<Task, "working_dir">): string {
  return task.working_dir.split("/").slice(3).join("/");
}

const longestName = 40;

/** A name for a task from the first line of what is asked, within the rules for names; empty if nothing is left. */
export function nameFrom(message: string): string {
  const line =
    message
      .split("\n")
      .map(toName)
      .find((each) => each !== "") ?? "";
  const characters = [...line];
  return characters.length <= longestName ? line : characters.slice(0, longestName).join("").trim();
}

function toName(line: string): string {
  return line
    .replace(/[/\\\p{Cc}]+/gu, " ")
    .replace(/\.{2,}/g, "…")
    .replace(/^[\s.#>*`-]+/, "")
    .replace(/\s+/g, " ")
    .trim();
}
