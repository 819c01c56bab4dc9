import type { ChatMessage, MessageNotes } from "../../protocol/message.ts";
import type { Database } from "./database.ts";
import { isoTime, taskNotFound } from "./tasks.ts";

/** The whole conversation as JSON text of the API's `MessageList`. Throws `task_not_found`. */
export async function listMessages(database: Database, userId: string, taskId: string): Promise<string> {
  const { rows } = await database.pool.query<{ messages: string }>({
    name: "list-messages",
    text: `select coalesce((
        select json_agg(json_build_object('idx', idx, 'payload', payload,
          'attachments', coalesce(notes -> 'attachments', '[]'), 'tokens_in', tokens_in,
          'tokens_out', tokens_out, 'created_at', ${isoTime("created_at")}) order by idx)
        from messages where messages.task_id = tasks.task_id), '[]')::text as messages
      from tasks where task_id = $1 and user_id = $2`,
    values: [taskId, userId],
  });
  const row = rows[0];
  if (!row) throw taskNotFound();
  return `{"messages":${row.messages}}`;
}

export type ProviderData = Record<string, unknown> | null;

export interface StoredMessage {
  payload: ChatMessage;
  providerData: ProviderData;
  notes: MessageNotes | null;
  /** Of an answer: what the provider counted for the request. */
  tokensIn: number;
}

/** The conversation as the agent takes it, in order, without what a summary stands for. */
export async function readConversation(
  database: Database,
  userId: string,
  taskId: string,
): Promise<StoredMessage[]> {
  const { rows } = await database.pool.query<StoredMessage>({
    name: "read-conversation",
    text: `select payload, provider_data as "providerData", notes, messages.tokens_in as "tokensIn"
      from messages join tasks using (task_id) left join contexts using (task_id)
      where task_id = $1 and user_id = $2 and idx >= coalesce(summarized_before, 0) order by idx`,
    values: [taskId, userId],
  });
  return rows;
}
