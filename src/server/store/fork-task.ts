import { ApiError } from "../../protocol/error.ts";
import type { ChatMessage } from "../../protocol/message.ts";
import { forkContext } from "./agent/contexts.ts";
import type { Database } from "./database.ts";
import { taskNotFound } from "./tasks.ts";

/**
 * Makes a task in the same directory whose conversation is this one's up to and with message `fromIdx`. Throws
 * `task_not_found`, and `invalid_fork_point` where the conversation is shorter or tool calls would stay unanswered.
 */
export async function forkTask(
  database: Database,
  userId: string,
  taskId: string,
  fork: { taskId: string; fromIdx: number; name: string | undefined },
): Promise<void> {
  await database.transaction(async (client) => {
    const { rows: tasks } = await client.query<{ n_messages: number }>(
      "select n_messages from tasks where task_id = $1 and user_id = $2",
      [taskId, userId],
    );
    const [task] = tasks;
    if (!task) throw taskNotFound();
    if (fork.fromIdx >= task.n_messages) {
      throw new ApiError(
        "invalid_fork_point",
        "The conversation has no such message. Choose an earlier one.",
      );
    }
    const { rows: last } = await client.query<{ payload: ChatMessage }>(
      `select payload from messages where task_id = $1 and idx <= $2 and idx >= (
         select max(idx) from messages where task_id = $1 and idx <= $2 and payload ->> 'role' <> 'tool')
       order by idx`,
      [taskId, fork.fromIdx],
    );
    if (!isAnswered(last.map(({ payload }) => payload))) {
      throw new ApiError(
        "invalid_fork_point",
        "There a tool call has no answer yet. Choose a message before it, or after all its answers.",
      );
    }
    await client.query(
      `insert into tasks (task_id, user_id, name, description, directory, skill, model_profile, model, approvals, n_messages)
       select $3, user_id, coalesce($4, name), description, directory, skill, model_profile, model, approvals, $5
       from tasks where task_id = $1 and user_id = $2`,
      [taskId, userId, fork.taskId, fork.name ?? null, fork.fromIdx + 1],
    );
    await client.query(
      `insert into messages (task_id, idx, run_id, payload, provider_data, notes, tokens_in, tokens_out, created_at)
       select $2, idx, run_id, payload, provider_data, notes, tokens_in, tokens_out, created_at
       from messages where task_id = $1 and idx <= $3`,
      [taskId, fork.taskId, fork.fromIdx],
    );
    await forkContext(client, taskId, fork);
  });
}

/** The last message that is no tool's answer, and the answers behind it: whether they answer all of its calls. */
function isAnswered([message, ...answers]: ChatMessage[]): boolean {
  if (message?.role !== "assistant") return true;
  const answered = new Set(answers.map((answer) => (answer.role === "tool" ? answer.tool_call_id : "")));
  return (message.tool_calls ?? []).every((call) => answered.has(call.id));
}
