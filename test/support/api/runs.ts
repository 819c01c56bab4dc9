import type { TestUser } from "../server.ts";
import { type EventReader, type Frame, openEvents } from "./events.ts";
import { type Answer, ask, type StoredMessage } from "./request.ts";

type Caller = Pick<TestUser, "fetch">;

export interface StartedRun {
  runId: string;
  eventsUrl: string;
}

interface Accepted {
  run_id: string;
  events_url: string;
}

/** Posts a message, with `more` beside its words; throws unless it is taken. */
export async function startRun(
  user: Caller,
  taskId: string,
  content = "你好",
  more: Record<string, unknown> = {},
): Promise<StartedRun> {
  const answer = await ask<Accepted>(user, "POST", `/v1/tasks/${taskId}/messages`, { content, ...more });
  if (answer.status !== 202) throw new Error(`no run: ${answer.status} ${answer.text}`);
  return { runId: answer.body.run_id, eventsUrl: answer.body.events_url };
}

/** Posts a message and reads its run to the end. */
export async function finishRun(
  user: Caller,
  taskId: string,
  content?: string,
  more?: Record<string, unknown>,
): Promise<StartedRun & { frames: Frame[] }> {
  const run = await startRun(user, taskId, content, more);
  return { ...run, frames: await readRun(user, run.eventsUrl) };
}

/** All frames of a run, from the first to its end. */
export async function readRun(user: Caller, eventsUrl: string): Promise<Frame[]> {
  return (await openEvents(user, eventsUrl)).all();
}

/** Starts a run that stays at work: the model says `…` and then nothing more. The reader stands behind that text. */
export async function startHangingRun(
  user: Caller,
  taskId: string,
): Promise<StartedRun & { events: EventReader }> {
  const run = await startRun(user, taskId, "hang");
  const events = await openEvents(user, run.eventsUrl);
  await events.until("text");
  return { ...run, events };
}

export function cancelRun<Body = unknown>(
  user: Caller,
  taskId: string,
  runId: string,
): Promise<Answer<Body>> {
  return ask<Body>(user, "POST", `/v1/tasks/${taskId}/runs/${runId}/cancel`);
}

export async function readMessages(user: Caller, taskId: string): Promise<StoredMessage[]> {
  const answer = await ask<{ messages: StoredMessage[] }>(user, "GET", `/v1/tasks/${taskId}/messages`);
  if (answer.status !== 200) throw new Error(`no messages: ${answer.status} ${answer.text}`);
  return answer.body.messages;
}

/** State of a task's latest run. */
export async function readStatus(user: Caller, taskId: string): Promise<string | undefined> {
  const answer = await ask<{ results: { status: string }[] }>(user, "GET", `/v1/tasks/${taskId}/runs`);
  return answer.body.results[0]?.status;
}

/** What is wrong with a conversation as input of a chat-completions API, and with its numbering; nothing, if all is well. */
export function findFaults(messages: StoredMessage[]): string[] {
  const faults: string[] = [];
  const open = new Set<string>();
  messages.forEach(({ idx, payload }, position) => {
    if (idx !== position) faults.push(`message ${position} has idx ${idx}`);
    if (payload.role === "tool") {
      if (!open.delete(payload.tool_call_id ?? "")) faults.push(`${idx} answers no open call`);
      if (typeof payload.content !== "string") faults.push(`${idx} is a tool's answer without text`);
      return;
    }
    if (open.size > 0) faults.push(`${idx} comes before the calls ${[...open]} are answered`);
    open.clear();
    if (payload.role === "user" && !payload.content) faults.push(`${idx} is an empty message of the user`);
    if (payload.role !== "assistant") return;
    for (const call of payload.tool_calls ?? []) {
      if (call.type !== "function" || typeof call.function.arguments !== "string")
        faults.push(`${idx} has a bad call`);
      open.add(call.id);
    }
    if (!payload.content && !payload.tool_calls?.length) faults.push(`${idx} says nothing`);
  });
  if (open.size > 0) faults.push(`the calls ${[...open]} are not answered`);
  return faults;
}

/** What a run's texts say when put together; a step that began anew counts from there. */
export function spokenText(frames: Frame[]): string {
  let text = "";
  for (const frame of frames) {
    if (frame.event === "llm_start") text = "";
    if (frame.event === "text") text += frame.data.text;
  }
  return text;
}
