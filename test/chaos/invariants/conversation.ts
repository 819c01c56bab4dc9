import type { StoredMessage } from "../../support/api/request.ts";
import { findFaults } from "../../support/api/runs.ts";
import type { PostRecord } from "../client/history.ts";
import { isUnfinished, type OwnedMessage, type Stored, type StoredEvent } from "./stored.ts";

/** What must hold for every conversation: valid for the API, and what the logs of its runs have told. */
export function checkConversations(stored: Stored): string[] {
  const faults: string[] = [];
  for (const task of stored.tasks) {
    const messages = stored.messages.get(task.task_id) ?? [];
    if (task.n_messages !== messages.length) {
      faults.push(`task ${task.task_id} counts ${task.n_messages} messages and has ${messages.length}`);
    }
    const active = stored.runs.some((run) => run.task_id === task.task_id && isUnfinished(run));
    if (!active) faults.push(...findFaults(messages).map((fault) => `task ${task.task_id}: ${fault}`));
  }
  for (const run of stored.runs) {
    if (isUnfinished(run)) continue;
    const told = replay(stored.events.get(run.run_id) ?? []);
    const messages = (stored.messages.get(run.task_id) ?? []).filter(({ run_id }) => run_id === run.run_id);
    const kept = messages.map(({ payload }) => shorten(payload));
    if (kept.shift()?.role !== "user") faults.push(`run ${run.run_id} does not begin with a message`);
    const same = (expected: Told[]) => JSON.stringify(expected) === JSON.stringify(kept);
    if (!same(told.messages) && !(told.optional && same([...told.messages, told.optional]))) {
      faults.push(`run ${run.run_id}: told ${JSON.stringify(told.messages)}, stored ${JSON.stringify(kept)}`);
    }
  }
  return faults;
}

interface Told {
  role: "user" | "assistant" | "tool";
  content: string | null;
  calls?: string[];
  call?: string;
}

function shorten({ role, content, tool_calls, tool_call_id }: StoredMessage["payload"]): Told {
  if (role === "tool") return { role, content, call: tool_call_id };
  if (role === "user") return { role, content };
  return { role, content, calls: (tool_calls ?? []).map(({ id }) => id) };
}

/** The messages that a log tells of, behind the first one; `optional`: what was said before the server was lost. */
function replay(log: StoredEvent[]): { messages: Told[]; optional?: Told } {
  const messages: Told[] = [];
  let [text, lost]: [string, string] = ["", ""];
  let calls: string[] = [];
  for (const { type, data } of log) {
    const said = JSON.parse(data) as Record<string, string>;
    switch (type) {
      case "llm_start":
        [text, lost, calls] = ["", "", []];
        break;
      case "resumed":
        [text, lost, calls] = ["", text, []];
        break;
      case "text":
        text += said.text;
        break;
      case "tool_call":
        calls.push(said.id ?? "");
        break;
      case "llm_end":
        if (text.trim() !== "" || calls.length > 0) {
          const content = text.trim() === "" && calls.length > 0 ? null : text;
          messages.push({ role: "assistant", content, calls });
        }
        [text, calls] = ["", []];
        break;
      case "tool_result":
        messages.push({ role: "tool", content: said.content ?? "", call: said.id ?? "" });
        break;
      case "steered":
        messages.push({ role: "user", content: said.content ?? "" });
        break;
    }
  }
  const partial = (content: string): Told => ({ role: "assistant", content, calls: [] });
  if (text.trim() !== "") messages.push(partial(text));
  return lost.trim() === "" ? { messages } : { messages, optional: partial(lost) };
}

/**
 * What must hold for every message that was posted: acknowledged ones are there once, in order; refused ones are
 * not.
 */
export function checkPosts(posts: PostRecord[], { messages, pending, runs }: Stored): string[] {
  const faults: string[] = [];
  const places = new Map<PostRecord, OwnedMessage>();
  for (const post of posts) {
    const name = `message ${post.number} (${post.mode}, ${post.outcome}, ${post.attempts} attempts) of task ${post.taskId}`;
    const found = (messages.get(post.taskId) ?? []).filter(
      ({ payload }) => payload.role === "user" && mayBe(post, payload.content ?? ""),
    );
    const waiting = pending.filter(({ content, task_id }) => task_id === post.taskId && mayBe(post, content));
    const count = found.length + waiting.length;
    if (count > 1) {
      const where = found.map(({ idx, run_id }) => `idx ${idx} of run ${run_id}`);
      faults.push(
        `${name} is there ${count} times: ${where.join(", ")}, pending ${waiting.length} (promised ${post.runId}, ${post.pendingId})`,
      );
    }
    if (post.outcome === "acknowledged" && count === 0 && !post.withdrawn) faults.push(`${name} is lost`);
    if (post.withdrawn === "yes" && count > 0) faults.push(`${name} was withdrawn and is there`);
    const before = (messages.get(post.taskId) ?? []).some(({ payload }) => payload.content === post.content);
    if (post.edited?.certain && before) faults.push(`${name} was edited and is there as it was`);
    if (post.outcome === "refused" && count > 0)
      faults.push(`${name} was refused (${post.status}) and is there`);
    const [message] = found;
    if (!message || post.outcome !== "acknowledged") continue;
    places.set(post, message);
    const ids = [post.runId, post.pendingId];
    if (!ids.includes(message.run_id))
      faults.push(`${name} was promised ${ids}, and is of ${message.run_id}`);
    if (!runs.some(({ run_id }) => run_id === message.run_id)) faults.push(`${name} has no run`);
  }
  return [...faults, ...checkOrder(places)];
}

function mayBe({ content, edited }: PostRecord, found: string): boolean {
  return found === edited?.content || (found === content && !edited?.certain);
}

/**
 * Of two messages that became runs of their own, or entered one run, the one acknowledged before the other was begun
 * comes first. (Interruptions overtake, and so does what enters a run at work.)
 */
function checkOrder(places: Map<PostRecord, OwnedMessage>): string[] {
  const faults: string[] = [];
  const ordered = [...places].filter(([{ mode }]) => mode !== "interrupt");
  const entered = (post: PostRecord, { run_id }: OwnedMessage) =>
    post.pendingId !== undefined && run_id !== post.pendingId ? run_id : "its own";
  for (const [first, place] of ordered) {
    for (const [second, later] of ordered) {
      const comparable = first.taskId === second.taskId && entered(first, place) === entered(second, later);
      if (!comparable || first.answeredAt >= second.startedAt || place.idx < later.idx) continue;
      faults.push(
        `task ${first.taskId}: message ${second.number} (${second.mode}) came before ${first.number} (${first.mode}), which was acknowledged earlier`,
      );
    }
  }
  return faults;
}
