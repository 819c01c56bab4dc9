import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stored } from "./stored.ts";

/** What a stored command was to write, and how it was answered. */
interface RecordedEffect {
  mark: string;
  answer: string | undefined;
}

export interface EffectCount {
  faults: string[];
  /** Commands recorded, those with an unknown outcome among them. */
  commands: number;
  unknown: number;
}

/**
 * What must hold for effects: no command's mark is on the disk twice, one that was answered with success is there,
 * one that "had no effect" is not, and none is there without having been recorded first.
 */
export async function checkEffects(stored: Stored, userRoots: string[]): Promise<EffectCount> {
  const faults: string[] = [];
  const effects = stored.tasks.flatMap(({ task_id }) => recordedEffects(stored, task_id));
  const directories = new Set(stored.tasks.map(({ directory }) => directory));
  const lines: string[] = [];
  for (const root of userRoots) {
    for (const directory of directories) {
      const text = await readFile(join(root, directory, "effects"), "utf8").catch(() => "");
      lines.push(...text.split("\n").filter((line) => line !== ""));
    }
  }
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const { mark, answer } of effects) {
    const count = counts.get(mark) ?? 0;
    counts.delete(mark);
    if (count > 1) faults.push(`the command ${mark} was executed ${count} times (${shown(answer)})`);
    if (answer === undefined) faults.push(`the command ${mark} was never answered`);
    else if (isSuccess(answer) && count === 0)
      faults.push(`the command ${mark} is said to be done, and is not`);
    else if (/it had no effect/.test(answer) && count > 0)
      faults.push(`the command ${mark} is denied, and was done`);
  }
  for (const mark of counts.keys()) faults.push(`the effect ${mark} belongs to no recorded command`);
  return {
    faults,
    commands: effects.length,
    unknown: effects.filter(({ answer }) => isUnknown(answer)).length,
  };
}

function recordedEffects({ messages }: Stored, taskId: string): RecordedEffect[] {
  const own = messages.get(taskId) ?? [];
  const answers = new Map(
    own.flatMap(({ payload }) =>
      payload.role === "tool" ? [[payload.tool_call_id, payload.content ?? ""] as const] : [],
    ),
  );
  return own.flatMap(({ payload }) =>
    (payload.role === "assistant" ? (payload.tool_calls ?? []) : []).flatMap((call) => {
      const mark = /echo (\S+) >> effects/.exec(call.function.arguments)?.[1];
      return call.function.name === "bash" && mark ? [{ mark, answer: answers.get(call.id) }] : [];
    }),
  );
}

function isSuccess(answer: string): boolean {
  return /\[exit code 0, /.test(answer);
}

function isUnknown(answer: string | undefined): boolean {
  return answer !== undefined && /not known|unknown/.test(answer);
}

function shown(answer: string | undefined): string {
  return JSON.stringify(answer?.slice(0, 80));
}
