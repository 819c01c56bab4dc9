import { z } from "zod";

/** A part of the system prompt; "" where there is nothing to say. */
export const PromptSection = z.object({ name: z.string(), text: z.string() });
export type PromptSection = z.infer<typeof PromptSection>;

const index = z.int().min(0);

/**
 * How a task's conversation is shown to the model. Together with the stored messages, which never change, it makes what
 * is sent: the same record and messages make the same request. Indices are those of the task's messages.
 */
export const ContextRecord = z.object({
  /** The system prompt as it was when the conversation began, or was last cut. */
  sections: z.array(PromptSection),
  /** What has become of sections since, as the notes tell it: their text by name. */
  changed: z.record(z.string(), z.string()).default({}),
  /** What is said with the user message at an index beside its words. */
  notes: z.array(z.object({ idx: index, text: z.string() })).default([]),
  /** Whose counts of tokens the stored messages carry from `countedFrom` on. */
  model: z.string().default(""),
  countedFrom: index.default(0),
  /** Large tool results before it are shown in part; of `notKept` no file holds the whole. */
  prunedBefore: index.default(0),
  notKept: z.array(index).default([]),
  /** What is before it is shown as `summary`, and of the person's messages the last as they are. */
  summarizedBefore: index.default(0),
  summary: z.string().default(""),
  kept: z.array(z.object({ idx: index, content: z.string() })).default([]),
});
export type ContextRecord = z.infer<typeof ContextRecord>;

/** A context that begins, or begins anew. */
export function beginContext(sections: PromptSection[]): ContextRecord {
  return ContextRecord.parse({ sections });
}

/** The system prompt. */
export function systemOf({ sections }: Pick<ContextRecord, "sections">): string {
  return sections
    .map(({ text }) => text)
    .filter((text) => text !== "")
    .join("\n\n");
}
