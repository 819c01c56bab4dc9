import { z } from "zod";
import { MessageMode, messageContent } from "./message.ts";
import { timestamp, uuid } from "./text.ts";

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
