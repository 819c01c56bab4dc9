import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import type { Tool } from "./tool.ts";

const longestWaitMinutes = 30 * 24 * 60;

/** Asks the person a question and waits for the answer, however long that takes. */
export const askTool: Tool = defineTool({
  name: "ask",
  description:
    "Ask the person one question and wait for the answer. Only for what you cannot find out and must not guess. Offer choices where there are some; the person may answer in other words.",
  effect: "pure",
  parameters: z.object({
    question: z.string().min(1).describe("the question, in the person's language"),
    choices: z
      .array(z.object({ label: z.string().min(1), description: z.string().optional() }))
      .max(12)
      .optional()
      .describe("answers to choose from"),
    multiple: z.boolean().optional().describe("true: several may be chosen"),
    wait_minutes: z
      .number()
      .positive()
      .max(longestWaitMinutes)
      .optional()
      .describe("after this time default_answer counts; without it you wait until there is an answer"),
    default_answer: z.string().optional().describe("what to take where nobody answers in time"),
  }),
  question({ question, choices, multiple, wait_minutes, default_answer }) {
    return {
      question,
      ...(choices && { choices }),
      ...(multiple && { multiple }),
      ...(wait_minutes !== undefined && { waitMs: wait_minutes * 60_000 }),
      ...(default_answer !== undefined && { fallback: { answers: [default_answer] } }),
    };
  },
  async execute(_input, { answer }) {
    const answers = answer?.answers ?? [];
    if (answers.length === 0) return "Nobody answered in time, and there was no default answer.";
    const who = answer?.by === "person" ? "The person answered" : "Nobody answered in time; take the default";
    const note = answer?.note ? `\nNote: ${answer.note}` : "";
    return `${who}: ${answers.join("; ")}${note}`;
  },
});
