import type { ToolKind } from "./crash-report.ts";

/** One line that the demo carries out as a call of a tool, see agent/model/demo. */
export interface Instruction {
  line: string;
  tool: string;
  /** What its effect leaves in the file of effects, where it has one. */
  label?: string;
}

/** The message of the crash test: calls with and without effects, one of them slow. */
export interface CrashWork {
  message: string;
  instructions: Instruction[];
  /** The call in which the first server is killed. */
  slow: Instruction & { label: string };
  /** How long that call goes on after its effect, unless somebody ends it. */
  slowMs: number;
}

export const effectsFile = "effects.txt";
/** What the slow command leaves if it was not ended with its server. */
export const outlivedLabel = "outlived";
const slowSeconds = 3;
const end = "(end)";

/** Effects that can be counted: appended by commands, or by edits where the agent has no shell. */
export function planCrashWork(kind: ToolKind): CrashWork {
  const label = (number: number) => `effect-${number}`;
  const effect = (number: number, then = ""): Instruction & { label: string } => ({
    tool: kind,
    label: label(number),
    line:
      kind === "bash"
        ? `run echo ${label(number)} >> ${effectsFile}${then}`
        : `edit ${effectsFile}: ${end} => ${label(number)} ${end}`,
  });
  const slow = effect(3, `; sleep ${slowSeconds}; echo ${outlivedLabel} >> ${effectsFile}`);
  const instructions: Instruction[] = [
    { tool: "write", line: `write ${effectsFile}: ${end}\\n` },
    effect(1),
    effect(2),
    { tool: "read", line: `read ${effectsFile}` },
    slow,
    effect(4),
    { tool: "list", line: "list" },
    effect(5),
  ];
  const message = instructions.map(({ line }) => line).join("\n");
  return { message, instructions, slow, slowMs: kind === "bash" ? slowSeconds * 1000 : 0 };
}
