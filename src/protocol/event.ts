import { z } from "zod";
import { UsageData } from "./agent/usage.ts";
import { Answer, Request } from "./request.ts";
import { uuid } from "./text.ts";

export const FinishReason = z.enum(["stop", "tool_calls", "length", "content_filter"]);
export type FinishReason = z.infer<typeof FinishReason>;

/** One line of a plan. */
export const TodoItem = z.object({
  content: z.string(),
  status: z.enum(["pending", "in_progress", "completed", "cancelled"]),
});
export type TodoItem = z.infer<typeof TodoItem>;

/** What notices are about; stable, their texts are not. */
export const Notice = z.enum([
  "repeated_call",
  "output_limit",
  "skill_skipped",
  "memory_cut",
  "mcp_unavailable",
  "process_ended",
  "context_changed",
]);
export type Notice = z.infer<typeof Notice>;

/**
 * Everything a run says, in the order it happened. The event's type is the SSE event name, the rest
 * is its data. `done` and `error` end the stream, and each run has exactly one of them.
 */
export const eventData = {
  queued: z
    .object({ position: z.int() })
    .describe("the run waits for a place; position 1 comes next. Said again when it moves up"),
  run_start: z.object({ run_id: uuid, task_id: uuid }),
  resumed: z
    .object({ step: z.int(), reason: z.enum(["server_lost", "server_stopped", "answered"]) })
    .describe("the run goes on, perhaps on another server, from this step"),
  llm_start: z
    .object({ step: z.int(), model: z.string() })
    .describe("a second one with the same step replaces what was streamed for that step"),
  text: z.object({ text: z.string() }).describe("the next piece of the answer"),
  reasoning: z.object({ text: z.string() }).describe("the next piece of the model's visible reasoning"),
  tool_call: z
    .object({
      id: z.string(),
      name: z.string(),
      arguments: z.union([z.record(z.string(), z.unknown()), z.string()]),
    })
    .describe("arguments: an object, or the raw string where it cannot be parsed"),
  tool_output: z.object({ id: z.string(), text: z.string() }).describe("live output of a running tool"),
  tool_result: z.object({
    id: z.string(),
    name: z.string(),
    content: z.string(),
    is_error: z.boolean(),
    duration_ms: z.number(),
  }),
  llm_end: z.object({
    step: z.int(),
    tokens_in: z.int(),
    tokens_out: z.int(),
    finish_reason: FinishReason,
  }),
  usage: UsageData.describe(
    "what one model call took, by the provider's own count; said of each, whatever it was for",
  ),
  retry: z
    .object({
      attempt: z.int(),
      reason: z.string(),
      wait_ms: z.int(),
      model: z.string().optional().describe("the model that is called instead, where it is another one"),
    })
    .describe("the model call failed and is made again after wait_ms"),
  compaction: z
    .object({
      before: z.int(),
      after: z.int(),
      kind: z.enum(["pruned", "summarized"]),
      summary: z.string().optional(),
    })
    .describe(
      "the model is shown less of the conversation from here on; sizes in tokens, about. The transcript stays whole",
    ),
  todo: z.object({ items: z.array(TodoItem) }).describe("the run's plan as it stands now"),
  delegated: z
    .object({ id: z.string(), event: z.looseObject({ type: z.string() }) })
    .describe(
      "what a sub-agent says: `event` is an event of this list with its type; `id` names the tool call it works for",
    ),
  notice: z
    .object({ code: Notice, msg: z.string() })
    .describe("something a person should know that is no failure"),
  steered: z
    .object({
      pending_id: uuid,
      idx: z.int(),
      content: z.string(),
      attachments: z.array(z.string()).optional().describe("files that came with it"),
    })
    .describe("a message that came meanwhile has entered the run, as the task's message idx"),
  request: Request.describe("the run waits for a person's answer"),
  answered: Answer.extend({ by: z.enum(["person", "deadline"]) }).describe(
    "the answer, as it reached the run",
  ),
  cancelled: z.object({}).describe("followed by done"),
  error: z.object({ msg: z.string(), code: z.string() }),
  done: z.object({
    status: z.enum(["ok", "cancelled"]),
    tokens_in: z.int(),
    tokens_out: z.int(),
  }),
} as const satisfies Record<string, z.ZodObject>;

export type EventType = keyof typeof eventData;

type DataOf<Type extends EventType> =
  z.infer<(typeof eventData)[Type]> extends Record<string, never>
    ? unknown
    : z.infer<(typeof eventData)[Type]>;

/** One event: `{type, ...data}`. */
export type RunEvent = { [Type in EventType]: { type: Type } & DataOf<Type> }[EventType];

/** An event in the log of its run, numbered from 1 without gaps. */
export type NumberedEvent = RunEvent & { seq: number };

/** Whether this event is the last of its run. */
export function endsRun(type: string): boolean {
  return type === "done" || type === "error";
}
