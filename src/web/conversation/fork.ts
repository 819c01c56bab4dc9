import type { Turn } from "../../client/turn.ts";
import type { Message } from "../../protocol/message.ts";
import type { Task } from "../../protocol/task.ts";
import { client } from "../state/client.ts";
import { saveDraft } from "../state/drafts.ts";

/**
 * Makes a new task in the directory of this one that goes on from the end of a turn. From a message of the user it
 * goes on from before it, and the message stands in its composer, to be written anew.
 */
export async function forkTask(
  task: Task,
  turns: readonly Turn[],
  index: number,
  name: string,
): Promise<Task> {
  const { messages } = await client.listMessages({ task_id: task.task_id });
  const fork = await client.forkTask(
    { task_id: task.task_id },
    { from_idx: forkPoint(messages, turns, index) ?? 0, name },
  );
  const turn = turns[index];
  if (turn?.role === "user") saveDraft(fork.task_id, turn.text);
  return fork;
}

/**
 * The number of the last message that such a task begins with; null where nothing comes before. Turns do not know
 * their numbers, as the events of a run do not tell them all: the messages of the user do.
 */
export function forkPoint(
  messages: readonly Message[],
  turns: readonly Turn[],
  index: number,
): number | null {
  const asked = messages.filter(({ payload }) => payload.role === "user");
  const before = turns.slice(0, index).filter(({ role }) => role === "user").length;
  const next = asked[before]?.idx ?? (messages.at(-1)?.idx ?? -1) + 1;
  return next > 0 ? next - 1 : null;
}
