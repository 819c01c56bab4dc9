import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { MessageMode } from "../../../src/protocol/message.ts";
import { type Answer, readAnswer, stranger } from "../../support/api/request.ts";
import { platformKey } from "../../support/server.ts";
import type { CancelRecord, History, PostRecord } from "./history.ts";

/** A user at a client that does not give up: what finds no server or is told to come again is asked again. */
export interface Person {
  userId: string;
  fetch(path: string, init?: RequestInit & { json?: unknown }): Promise<Response>;
  /** Asks until there is an answer that is not 503; undefined when the patience is used up. */
  ask<Body>(
    method: string,
    path: string,
    json?: unknown,
    headers?: Record<string, string>,
  ): Promise<Asked<Body>>;
  createTask(name: string, fields?: Record<string, unknown>): Promise<CreatedTask>;
  /** With an idempotency key and as often as it takes; without one (`once`) a single time, whatever comes of it. */
  post(taskId: string, content: string, mode?: MessageMode, once?: boolean): Promise<PostRecord>;
  /** Takes back a message that waits, or puts another in its place; notes in its record what came of it. */
  withdraw(post: PostRecord): Promise<void>;
  edit(post: PostRecord, content: string): Promise<void>;
  cancel(taskId: string, runId: string): Promise<CancelRecord>;
}

export interface CreatedTask {
  task_id: string;
  working_dir: string;
}

interface Accepted {
  run_id: string;
  pending_id?: string;
}

export interface Asked<Body> {
  answer: Answer<Body> | undefined;
  attempts: number;
}

export interface PersonOptions {
  /** Base address of the way to the servers. */
  url: string;
  history: History;
  /** How long one thing is tried, milliseconds. */
  patienceMs: number;
  /** How long one attempt may take, milliseconds. */
  timeoutMs?: number;
}

export async function createPerson(options: PersonOptions): Promise<Person> {
  const userId = randomUUID();
  const login = { user_id: userId, platform_key: platformKey };
  const { answer } = await askPatiently<{ token: string }>(
    stranger(options.url),
    options,
    "POST",
    "/v1/auth/login",
    login,
    {},
  );
  if (answer?.status !== 200) throw new Error(`no sign-in: ${answer?.status} ${answer?.text}`);
  const caller = stranger(options.url, { Authorization: `Bearer ${answer.body.token}` });
  const ask = <Body>(method: string, path: string, json?: unknown, headers: Record<string, string> = {}) =>
    askPatiently<Body>(caller, options, method, path, json, headers);
  const { history } = options;
  return {
    userId,
    fetch: caller.fetch,
    ask,
    async createTask(name, fields = {}) {
      const { answer } = await ask<CreatedTask>("POST", "/v1/tasks", { name, ...fields });
      if (answer?.status !== 201) throw new Error(`no task: ${answer?.status} ${answer?.text}`);
      return answer.body;
    },
    async post(taskId, content, mode = "reject", once = false) {
      const record: PostRecord = {
        userId,
        taskId,
        content,
        mode,
        number: history.posts.length,
        attempts: 0,
        outcome: "uncertain",
        status: 0,
        startedAt: performance.now(),
        answeredAt: 0,
      };
      history.posts.push(record);
      const key: Record<string, string> = once ? {} : { "Idempotency-Key": randomUUID() };
      const send = () =>
        askPatiently<Accepted>(
          caller,
          once ? { ...options, patienceMs: 0 } : options,
          "POST",
          `/v1/tasks/${taskId}/messages`,
          { content, mode },
          key,
        );
      // A click that counts twice: the same key, at the same time.
      const [{ answer, attempts }, again] = await Promise.all([
        send(),
        once || record.number % 4 ? undefined : send(),
      ]);
      if (again?.answer && answer && again.answer.text !== answer.text) {
        history.faults.push(`one key was answered ${answer.text} and ${again.answer.text}`);
      }
      record.attempts = attempts;
      record.answeredAt = performance.now();
      record.status = answer?.status ?? 0;
      if (answer) record.outcome = answer.status === 202 ? "acknowledged" : "refused";
      if (answer?.status === 202) {
        record.runId = answer.body.run_id;
        record.pendingId = answer.body.pending_id;
      }
      return record;
    },
    async withdraw(post) {
      const { answer, attempts } = await ask("DELETE", `/v1/tasks/${post.taskId}/pending/${post.pendingId}`);
      if (answer?.status === 204) post.withdrawn = "yes";
      // It was there no more: an earlier attempt may have taken it back, or a run has taken it up.
      else if (attempts > 1) post.withdrawn = "maybe";
    },
    async edit(post, content) {
      const path = `/v1/tasks/${post.taskId}/pending/${post.pendingId}`;
      const { answer, attempts } = await ask("PATCH", path, { content });
      if (answer?.status === 200) post.edited = { content, certain: true };
      else if (attempts > 1) post.edited = { content, certain: false };
    },
    async cancel(taskId, runId) {
      const startedAt = performance.now();
      const { answer } = await ask("POST", `/v1/tasks/${taskId}/runs/${runId}/cancel`);
      const record = { taskId, runId, startedAt, answeredAt: performance.now(), status: answer?.status ?? 0 };
      history.cancels.push(record);
      return record;
    },
  };
}

async function askPatiently<Body>(
  caller: Pick<Person, "fetch">,
  { history, patienceMs, timeoutMs = 5_000 }: PersonOptions,
  method: string,
  path: string,
  json: unknown,
  headers: Record<string, string>,
): Promise<Asked<Body>> {
  const deadline = performance.now() + patienceMs;
  for (let attempts = 1; ; attempts++) {
    const answer = await askOnce<Body>(caller, method, path, json, headers, timeoutMs);
    const status = answer?.status ?? 0;
    history.answers.set(status, (history.answers.get(status) ?? 0) + 1);
    if (status >= 500 && status !== 503) {
      history.faults.push(
        `${method} ${path.replace(/[0-9a-f-]{36}/g, "…")} was answered ${status}: ${answer?.text}`,
      );
    }
    if (status === 503 && !Number(answer?.headers.get("retry-after"))) {
      history.faults.push(`${method} ${path} was answered 503 without Retry-After`);
    }
    if (answer && status !== 503 && status !== 500) return { answer, attempts };
    if (performance.now() > deadline) return { answer: undefined, attempts };
    // Not Retry-After's whole second: who comes too early must do no harm.
    await wait(50);
  }
}

async function askOnce<Body>(
  caller: Pick<Person, "fetch">,
  method: string,
  path: string,
  json: unknown,
  headers: Record<string, string>,
  timeoutMs: number,
): Promise<Answer<Body> | undefined> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    return await readAnswer<Body>(await caller.fetch(path, { method, json, headers, signal }));
  } catch {
    return undefined;
  }
}
