import { z } from "zod";
import { keepResult } from "../context/result-file.ts";
import { defineTool, failure } from "../tools/define-tool.ts";
import type { Tool, ToolContext, ToolOutcome } from "../tools/tool.ts";
import { keptSteps, type Report, runSubAgent } from "./sub-agent.ts";

/** Of a report that the agent reads at once, characters; the whole of a longer one is kept in a file. */
const maxReportLength = 20_000;

/** The tool that hands a part of the work to a sub-agent; `profiles` are the models there are to choose from. */
export function createDelegateTool(profiles: readonly string[]): Tool {
  const [first, ...others] = profiles;
  return defineTool({
    name: "delegate",
    description:
      'Hand a part of the work to a sub-agent and get its report. It has your tools and the same files, but a conversation of its own: it knows nothing of this one and cannot ask anybody. Use it where much has to be read for a short answer, and for parts that do not depend on each other. It uses up the same steps as you. With access "read" it can only look, and several can work at the same time.',
    effect: "external",
    parameters: z.object({
      task: z
        .string()
        .min(1)
        .describe("all it needs to know: the goal, the files, what its report is to contain"),
      description: z.string().optional().describe("the same in a few words, for the person who watches"),
      access: z.enum(["read", "all"]).default("all").describe("read: it changes nothing"),
      ...(first !== undefined &&
        others.length > 0 && {
          profile: z
            .enum([first, ...others])
            .optional()
            .describe("another model for it"),
        }),
    }),
    effectOf: ({ access }) => (access === "read" ? "pure" : "external"),
    async execute(input, context) {
      const { delegation } = context;
      if (!delegation) return failure("Nothing can be delegated here. Do the work yourself.");
      if (delegation.steps.left <= keptSteps)
        return failure("Too few steps are left to delegate anything. Do what you can yourself, and finish.");
      const { profile } = input as { profile?: string };
      const assignment = { task: input.task, readOnly: input.access === "read", profile };
      const report = await runSubAgent(assignment, delegation, context);
      context.signal.throwIfAborted();
      return await tell(report, context);
    },
  });
}

async function tell({ outcome, text }: Report, context: ToolContext): Promise<ToolOutcome> {
  const report = await shorten(text, context);
  if (outcome.status === "ok") {
    return text === ""
      ? failure("The sub-agent ended without a report.")
      : { content: report, isError: false };
  }
  const why =
    outcome.status === "error"
      ? `The sub-agent did not finish (${outcome.code}): ${outcome.message}`
      : "The sub-agent was stopped before it had finished, because the server goes on elsewhere. Delegate what is still to be done.";
  return failure(text === "" ? why : `${why}\n\nWhat it said last:\n${report}`);
}

async function shorten(text: string, { directory, callId }: ToolContext): Promise<string> {
  if (text.length <= maxReportLength) return text;
  const path = await keepResult(directory, `report-${callId}`, text);
  return `${text.slice(0, maxReportLength)}\n[the report is longer; the whole of it is in ${path}]`;
}
