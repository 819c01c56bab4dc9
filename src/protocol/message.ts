import { z } from "zod";
import { rule, timestamp, uuid } from "./text.ts";

/** A call as the model wrote it: `arguments` is the text it sent, valid JSON or not. */
export const ChatToolCall = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
export type ChatToolCall = z.infer<typeof ChatToolCall>;

/** A message as stored: the OpenAI chat-completions form. */
export const ChatMessage = z
  .discriminatedUnion("role", [
    z.object({ role: z.literal("user"), content: z.string() }),
    z.object({
      role: z.literal("assistant"),
      content: z.string().nullable(),
      tool_calls: z.array(ChatToolCall).optional(),
    }),
    z.object({ role: z.literal("tool"), tool_call_id: z.string(), content: z.string() }),
  ])
  .meta({ id: "ChatMessage" });
export type ChatMessage = z.infer<typeof ChatMessage>;

/** What zcbot keeps of a message beside its payload; no provider is sent it as it stands. */
export const MessageNotes = z.object({
  attachments: z
    .array(z.string())
    .optional()
    .describe("files that came with it, paths below the user's root"),
  images: z
    .array(z.object({ hash: z.string(), media_type: z.string(), name: z.string() }))
    .optional()
    .describe("pictures that the model was shown with it, by the hash they are kept under"),
  seen: z
    .record(z.string(), z.string())
    .optional()
    .describe("files that the model has seen or written whole with it: the hash of each by its path"),
  skill: z
    .object({ name: z.string(), text: z.string(), skipped: z.string().optional() })
    .optional()
    .describe(
      "the skill that it starts, as the model is shown it with the message; why it cannot be used, where so",
    ),
  cut: z
    .literal(true)
    .optional()
    .describe("an answer that the output limit cut off; the next one goes on with it"),
});
export type MessageNotes = z.infer<typeof MessageNotes>;

export const Message = z
  .object({
    idx: z.int(),
    payload: ChatMessage,
    attachments: z.array(z.string()).describe("files that came with it, paths below the user's root"),
    tokens_in: z.int(),
    tokens_out: z.int(),
    created_at: timestamp,
  })
  .meta({ id: "Message" });
export type Message = z.infer<typeof Message>;

export const MessageList = z.object({ messages: z.array(Message) }).meta({ id: "MessageList" });
export type MessageList = z.infer<typeof MessageList>;

/** What a person says. */
export const messageContent = rule(
  z.string().trim(),
  (text) => text.length > 0,
  "empty_content",
  "Write a message first.",
);

/**
 * What becomes of a message while a run of its task is active: it is refused, waits for the run's end, enters the
 * run at its next safe boundary, or stops the run and comes next.
 */
export const MessageMode = z.enum(["reject", "queue", "steer", "interrupt"]);
export type MessageMode = z.infer<typeof MessageMode>;

export const MessageCreate = z
  .object({
    content: messageContent,
    mode: MessageMode.default("reject").describe("what becomes of it while a run of the task is active"),
    attachments: z
      .array(z.string().min(1).max(4_096))
      .max(50)
      .nullish()
      .describe("files to go with it, paths below the user's root; what is not there is refused"),
    model_profile: z.string().trim().nullish().describe("for this message's run alone; default: the task's"),
  })
  .meta({ id: "MessageCreate" });
export type MessageCreate = z.infer<typeof MessageCreate>;

const PendingMode = MessageMode.exclude(["reject"]);
export type PendingMode = z.infer<typeof PendingMode>;

/** How many messages may wait in one task. */
export const maxPending = 100;

/** A message that waits behind the active run of its task. `pending_id` is the id of the run it will become. */
export const PendingMessage = z
  .object({
    pending_id: uuid,
    task_id: uuid,
    mode: PendingMode,
    content: z.string(),
    attachments: z.array(z.string()),
    model_profile: z.string().nullable(),
    created_at: timestamp,
  })
  .meta({ id: "PendingMessage" });
export type PendingMessage = z.infer<typeof PendingMessage>;

export const PendingList = z
  .object({ pending: z.array(PendingMessage).describe(`in the order they come, ${maxPending} at most`) })
  .meta({ id: "PendingList" });
export type PendingList = z.infer<typeof PendingList>;

/** In a patch null means absent. */
export const PendingPatch = z
  .object({ content: messageContent.nullish(), mode: PendingMode.nullish() })
  .meta({ id: "PendingPatch" });
export type PendingPatch = z.infer<typeof PendingPatch>;
