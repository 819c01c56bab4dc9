import { z } from "zod";
import { ApprovalRule } from "./agent/approval.ts";
import { timestamp, uuid } from "./text.ts";

/** How a request was answered. */
export const Answer = z.object({
  request_id: uuid,
  decision: z.enum(["allow", "deny"]).optional().describe("of an approval"),
  answers: z.array(z.string()).optional().describe("to a question: labels of choices, or words of one's own"),
  note: z.string().optional().describe("what the model shall be told with it"),
  remember: z
    .enum(["task", "user"])
    .optional()
    .describe("of an approval: the decision becomes a rule, of the task or of all the person's tasks"),
});
export type Answer = z.infer<typeof Answer>;

/** An answer as it is kept with its request, and where it came from. */
export type GivenAnswer = Omit<Answer, "request_id"> & { by: "person" | "deadline" };

/** What a run asks a person, and waits for: leave for a tool call, or the answer to a question. */
export const Request = z
  .object({
    request_id: uuid,
    call_id: z.string().describe("the tool call it is about"),
    kind: z.enum(["approval", "question"]),
    tool: z.string().optional().describe("approval: the tool to be called"),
    arguments: z
      .union([z.record(z.string(), z.unknown()), z.string()])
      .optional()
      .describe("approval: what it would be called with"),
    reason: z.string().optional().describe("approval: why a person is asked, in English"),
    rule: ApprovalRule.omit({ action: true })
      .optional()
      .describe("approval: what `remember` would make a rule about"),
    question: z.string().optional(),
    choices: z
      .array(z.object({ label: z.string(), description: z.string().optional() }))
      .optional()
      .describe("question: what to choose from; another answer is welcome too"),
    multiple: z.boolean().optional().describe("question: several may be chosen"),
    deadline: timestamp.nullable().describe("when the run goes on without a person's answer"),
    wait_seconds: z.number().optional().describe("how long that is"),
    fallback: Answer.omit({ request_id: true }).optional().describe("what then counts as the answer"),
  })
  .meta({ id: "Request" });
export type Request = z.infer<typeof Request>;

/** A request that a run has made, with the answer if there is one, and whether the run has gone on with it. */
export interface AskedRequest {
  request: Request;
  answer: GivenAnswer | null;
  used: boolean;
}

export const AnswerCreate = Answer.extend({
  decision: Answer.shape.decision.unwrap().nullish(),
  answers: Answer.shape.answers.unwrap().nullish(),
  note: Answer.shape.note.unwrap().nullish(),
  remember: Answer.shape.remember.unwrap().nullish(),
}).meta({ id: "AnswerCreate" });
export type AnswerCreate = z.infer<typeof AnswerCreate>;

export const AnswerAccepted = z
  .object({ ok: z.literal(true), run_id: uuid, request_id: uuid })
  .meta({ id: "AnswerAccepted" });
export type AnswerAccepted = z.infer<typeof AnswerAccepted>;
