import { z } from "zod";
import type { Sandbox } from "../../../workspace/sandbox/sandbox.ts";
import { defineTool } from "../define-tool.ts";
import type { Tool, ToolContext, ToolOutcome } from "../tool.ts";
import { createLiveOutput } from "./live-output.ts";
import { describeProcess } from "./process.ts";
import { runShell } from "./shell.ts";
import { openShownOutput, renderOutput } from "./shown-output.ts";

/** What a command gets that asks for no time of its own, seconds. */
const usualTimeout = 120;
/** How long the first look at a process waits for something to see, milliseconds. */
const firstLookMs = 1_000;

const networks: Record<Sandbox["network"], string> = {
  none: " It has no network.",
  listed: " It reaches some hosts of the internet only, through the proxy in HTTP_PROXY.",
  open: "",
};

/** In a sandbox each command is alone: what it listens on, nobody else reaches. */
const alone =
  " Each command has a /tmp and local ports of its own: start a server and what talks to it in one command.";

/**
 * The tool that runs a shell command in the task's directory, for `maxTimeout` seconds at most. Where commands are not
 * `isolated`, each of them leaves the sandbox.
 */
export function createBashTool(maxTimeout: number, network: Sandbox["network"], isolated = true): Tool {
  const usual = Math.min(usualTimeout, maxTimeout);
  return defineTool({
    name: "bash",
    description: `Run a bash command in the working directory. It has no terminal and cannot ask for input; each call is a new shell, and nothing it started outlives it. With background it goes on while you work, to be followed and stopped with process, and ends at the latest with your turn.${network === "open" ? "" : alone}${networks[network]}`,
    effect: "external",
    parameters: z.object({
      command: z.string().min(1).describe("the command, as bash takes it"),
      background: z
        .boolean()
        .optional()
        .describe("true: start it and go on, for what takes long; do not write & yourself"),
      timeout_seconds: z
        .number()
        .positive()
        .max(maxTimeout)
        .optional()
        .describe(`after this time it is killed; ${usual} by default, in the background ${maxTimeout}`),
    }),
    subject: ({ command }) => ({ kind: "command", text: command }),
    leaves: () =>
      isolated ? undefined : "Commands are not isolated here: this one can do whatever zcbot itself can.",
    async execute({ command, background, timeout_seconds }, context) {
      if (background) return startProcess(command, timeout_seconds ?? maxTimeout, context);
      return runToEnd(command, timeout_seconds ?? usual, context);
    },
  });
}

async function runToEnd(
  command: string,
  timeoutSeconds: number,
  { directory, sandbox, signal, report }: ToolContext,
): Promise<ToolOutcome> {
  const live = createLiveOutput(report);
  const output = openShownOutput(directory);
  try {
    const end = await runShell(
      { directory, sandbox },
      {
        command,
        timeoutSeconds,
        signal,
        onOutput(text) {
          live.add(text);
          output.add(text);
        },
      },
    );
    const shown = renderOutput(await output.finish());
    return { content: `${shown || "[no output]"}\n[${end.text}]`, isError: end.isError };
  } finally {
    live.end();
    await output.discard();
  }
}

async function startProcess(
  command: string,
  timeoutSeconds: number,
  { directory, sandbox, processes, signal }: ToolContext,
): Promise<ToolOutcome> {
  const process = processes.start(
    command,
    (stop, onOutput) => runShell({ directory, sandbox }, { command, timeoutSeconds, signal: stop, onOutput }),
    () => openShownOutput(directory),
  );
  const output = await processes.take(process.id, firstLookMs, signal);
  return { content: describeProcess(process, output), isError: process.end?.isError ?? false };
}
