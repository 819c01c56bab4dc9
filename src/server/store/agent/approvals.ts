import type { PoolClient } from "pg";
import { type ApprovalRule, maxApprovalRules } from "../../../protocol/agent/approval.ts";
import { ApiError } from "../../../protocol/error.ts";
import type { Database } from "../database.ts";

/** The rules about tool calls that a user has made for all their tasks. */
export async function readApprovals(database: Database, userId: string): Promise<ApprovalRule[]> {
  const { rows } = await database.pool.query<{ approvals: ApprovalRule[] }>(
    "select approvals from users where user_id = $1",
    [userId],
  );
  return rows[0]?.approvals ?? [];
}

export async function writeApprovals(
  database: Database,
  userId: string,
  rules: ApprovalRule[],
): Promise<void> {
  await database.pool.query("update users set approvals = $2 where user_id = $1", [
    userId,
    JSON.stringify(rules),
  ]);
}

/**
 * Makes a rule the last of a task's, or of its user's; it replaces one about the same calls. Throws `too_many_rules`.
 */
export async function addApproval(
  client: PoolClient,
  { userId, taskId }: { userId: string; taskId: string },
  whose: "task" | "user",
  rule: ApprovalRule,
): Promise<void> {
  const [table, column, id] = whose === "task" ? ["tasks", "task_id", taskId] : ["users", "user_id", userId];
  const { rows } = await client.query<{ approvals: ApprovalRule[] }>(
    `select approvals from ${table} where ${column} = $1 and user_id = $2 for no key update`,
    [id, userId],
  );
  const others = (rows[0]?.approvals ?? []).filter(
    (other) => other.tool !== rule.tool || other.argument !== rule.argument,
  );
  if (others.length >= maxApprovalRules) {
    throw new ApiError(
      "too_many_rules",
      `No more than ${maxApprovalRules} rules can be kept. Remove some first.`,
    );
  }
  await client.query(`update ${table} set approvals = $2 where ${column} = $1`, [
    id,
    JSON.stringify([...others, rule]),
  ]);
}
