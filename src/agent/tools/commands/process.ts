import { z } from "zod";
import type { BackgroundProcesses, ProcessState } from "../../../workspace/processes/background-processes.ts";
import type { KeptText } from "../../../workspace/processes/kept-output.ts";
import { defineTool, failure } from "../define-tool.ts";
import type { Tool, ToolOutcome, Workplace } from "../tool.ts";
import { renderOutput } from "./shown-output.ts";

/** How long one look may wait for output, seconds. */
const maxWait = 600;
const usualWait = 10;
/** Of a command, where it only tells processes apart, characters. */
const maxCommandLength = 100;

/** Follows and ends what bash has started in the background. */
export const processTool: Tool = defineTool({
  name: "process",
  description:
    "Follow or stop what bash started in the background. output: what it has said since you last looked, waiting for more where there is nothing yet. stop: ends it. list: all of them.",
  effect: "idempotent",
  parameters: z.object({
    action: z.enum(["output", "stop", "list"]),
    id: z.string().optional().describe("the process, such as p1; for output and stop"),
    wait_seconds: z
      .number()
      .min(0)
      .max(maxWait)
      .default(usualWait)
      .describe("how long output waits at most for something new, or for the end"),
  }),
  async execute({ action, id, wait_seconds }, { processes, signal }) {
    if (action === "list") return listProcesses(processes);
    const process = id === undefined ? undefined : processes.find(id.trim().toLowerCase());
    if (!process) {
      const wanted = id === undefined ? "Say which process by its id." : `There is no process ${id}.`;
      return failure(`${wanted} ${listProcesses(processes)}`);
    }
    if (action === "stop") await processes.stop(process.id);
    const output = await processes.take(process.id, action === "stop" ? 0 : wait_seconds * 1000, signal);
    return describeProcess(process, output);
  },
});

/** A process with what it has said. */
export function describeProcess(process: ProcessState, output: KeptText | undefined): string {
  const said = output ? renderOutput(output) : "";
  const { id, end, startedAt } = process;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const state = end === undefined ? `${id} is running, ${seconds} s so far` : `${id} has ended: ${end.text}`;
  return `${said || "[no new output]"}\n[${state}]`;
}

/** The line that tells of a process that ended unasked. */
export function describeEnded({ id, command, end }: ProcessState): string {
  return `${id} (${showCommand(command)}) has ended: ${end?.text}.`;
}

/** The outcome, and what the model is to know of processes that have ended meanwhile; it is told once. */
export function withNews(outcome: ToolOutcome, { processes }: Pick<Workplace, "processes">): ToolOutcome {
  const news = processes.takeNews();
  if (news.length === 0) return outcome;
  const lines = news.map((state) => `[${describeEnded(state)} Its last output: process output.]`);
  return { ...outcome, content: [outcome.content, ...lines].join("\n") };
}

function listProcesses(processes: BackgroundProcesses): string {
  const all = processes.list();
  if (all.length === 0) {
    return "No process runs in the background: they end with the turn that started them, when it waits for the person, and with the server. Start it again if it is needed.";
  }
  return all
    .map(
      ({ id, command, end }) =>
        `${id} ${end === undefined ? "running" : `ended: ${end.text}`}: ${showCommand(command)}`,
    )
    .join("\n");
}

function showCommand(command: string): string {
  const line = command.replaceAll(/\s+/g, " ").trim();
  return line.length > maxCommandLength ? `${line.slice(0, maxCommandLength)}...` : line;
}
