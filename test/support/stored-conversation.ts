import type { Database } from "../../src/server/store/database.ts";

/**
 * Stores a conversation in a task as a run would have: what the person asks for, so many calls of `read`, each with a
 * result of about so many characters, and a last word. It has `2 * calls + 2` messages.
 */
export async function storeConversation(
  { pool }: Database,
  taskId: string,
  { goal, calls, characters }: { goal: string; calls: number; characters: number },
): Promise<void> {
  const last = 2 * calls + 1;
  const { rows } = await pool.query<{ run_id: string }>(
    `insert into runs (run_id, task_id, user_id, ordinal, message_idx, status, finished_at)
     select gen_random_uuid(), task_id, user_id, 1, 0, 'ok', now() from tasks where task_id = $1 returning run_id`,
    [taskId],
  );
  await pool.query(
    `insert into messages (task_id, idx, run_id, payload, tokens_in, tokens_out)
     select $1, idx, $2, case when idx = 0 then json_build_object('role', 'user', 'content', $3::text)
       when idx = $4 then json_build_object('role', 'assistant', 'content', '先到这里')
       when idx % 2 = 1 then json_build_object('role', 'assistant', 'content', null, 'tool_calls', json_build_array(
         json_build_object('id', 'c' || idx, 'type', 'function', 'function',
           json_build_object('name', 'read', 'arguments', '{"path":"合同/' || idx || '.md"}'))))
       else json_build_object('role', 'tool', 'tool_call_id', 'c' || (idx - 1),
         'content', idx || '：' || repeat('金额 1,234.50；', $5 / 12)) end, 0, 0
     from generate_series(0, $4::int) idx`,
    [taskId, rows[0]?.run_id, goal, last, characters],
  );
  await pool.query("update tasks set n_messages = $2, n_runs = 1 where task_id = $1", [taskId, last + 1]);
}
