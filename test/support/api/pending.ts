import type { TestUser } from "../server.ts";
import { ask } from "./request.ts";

type Caller = Pick<TestUser, "fetch">;

export interface Posted {
  run_id: string;
  events_url: string;
  pending_id?: string;
}

export interface PendingAnswer {
  pending_id: string;
  task_id: string;
  mode: string;
  content: string;
  created_at: string;
}

/** Posts a message in a mode; throws unless it is taken. */
export async function post(user: Caller, taskId: string, content: string, mode: string): Promise<Posted> {
  const answer = await ask<Posted>(user, "POST", `/v1/tasks/${taskId}/messages`, { content, mode });
  if (answer.status !== 202) throw new Error(`not taken: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** The messages that wait in a task. */
export async function readPending(user: Caller, taskId: string): Promise<PendingAnswer[]> {
  const answer = await ask<{ pending: PendingAnswer[] }>(user, "GET", `/v1/tasks/${taskId}/pending`);
  return answer.body.pending;
}
