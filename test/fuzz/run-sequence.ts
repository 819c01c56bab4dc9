import { type RawReply, sendRaw } from "../support/api/raw-request.ts";
import { type BuiltRequest, buildRequest, type People } from "./build-request.ts";
import { findFaults, readFrames } from "./check-answer.ts";
import type { ApiDocument, Operation } from "./document.ts";
import type { Model } from "./model.ts";
import type { Credential, Move, Step } from "./steps.ts";
import type { Summary } from "./summary.ts";

/** How long a stream is read, milliseconds. */
const streamMs = 60;
/** A request that is not answered by then never will be, milliseconds. */
const patienceMs = 30_000;

/** An answer was not as it has to be. */
export class Violation extends Error {
  override name = "Violation";
}

/** What a sequence needs beside its moves. */
export interface Surroundings {
  document: ApiDocument;
  people: People;
  summary: Summary;
  /** Takes each request as it was sent, with its answer's status. */
  note: (line: string) => void;
}

/** Plays the moves of a sequence, and removes the tasks it made. Throws Violation. */
export async function runSequence(moves: Move[], model: Model, surroundings: Surroundings): Promise<void> {
  for (const move of [...opening(), ...moves]) {
    const steps = Array.isArray(move) ? move : [move];
    const outcomes = await Promise.allSettled(steps.map((step) => play(step, model, surroundings)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }
  for (const caller of [0, 1] as const) {
    for (const id of model.living(caller)) await play(removal(id, caller), model, surroundings);
  }
}

const plain = { ids: {}, query: "", headers: {}, body: null, oddity: null } as const;

/** Something to begin with: tasks of both people, a run that asks, one at work, and a message that waits behind it. */
function opening(): Step[] {
  const task = (credential: Credential): Step => ({
    ...plain,
    credential,
    operation: "createTask",
    body: { json: { name: "开头" } },
  });
  const post = (credential: Credential, index: number, json: Record<string, string>): Step => ({
    ...plain,
    credential,
    operation: "postMessage",
    ids: { task_id: `@task_id/own/${index}` },
    body: { json },
  });
  return [
    task("own"),
    post("own", 0, { content: "ask" }),
    task("own"),
    post("own", 1, { content: "hang" }),
    post("own", 1, { content: "下一个", mode: "queue" }),
    task("second"),
    post("second", 0, { content: "hang" }),
    {
      ...plain,
      credential: "own",
      operation: "uploadFiles",
      body: {
        form: [
          { name: "path", content: "目录" },
          { filename: "文.txt", content: "内容" },
        ],
        end: true,
      },
    },
    {
      ...plain,
      credential: "own",
      operation: "runEvents",
      ids: { task_id: "@task_id/own/0", run_id: "@run_id/own/0" },
    },
  ];
}

function removal(taskId: string, caller: 0 | 1): Step {
  return {
    ...plain,
    operation: "deleteTask",
    ids: { task_id: taskId },
    credential: caller ? "second" : "own",
  };
}

async function play(
  step: Step,
  model: Model,
  { document, people, summary, note }: Surroundings,
): Promise<void> {
  const operation = document.operations.find(({ id }) => id === step.operation);
  if (!operation) throw new Error(`there is no operation ${step.operation}`);
  // A request that changes something by an address nobody knows could not be followed.
  const odd = step.oddity !== null && operation.method !== "DELETE" ? step.oddity : null;
  const built = buildRequest({ ...step, oddity: odd }, operation, model, people);
  const reply = await send(built, people.url).catch((error: unknown) => {
    note(describe(built, "no answer"));
    throw new Violation(`${operation.id}: no answer: ${String(error)}`);
  });
  note(describe(built, String(reply.status)));
  summary.count(operation.id, reply.status, odd !== null);
  const faults = findFaults(operation, built, reply, odd !== null);
  if (faults.length > 0) throw new Violation(`${operation.id} (${reply.status}): ${faults.join("; ")}`);
  if (odd === null) learn(operation, built, reply, model);
}

async function send({ sent }: BuiltRequest, url: string): Promise<RawReply> {
  return sendRaw(url, sent, { streamMs, signal: AbortSignal.timeout(patienceMs) });
}

/** Takes in what an answer tells of what there is. */
function learn(operation: Operation, { taskId, caller }: BuiltRequest, reply: RawReply, model: Model): void {
  if (reply.status >= 300 || operation.open) return;
  if (operation.method === "DELETE" && operation.path.endsWith("{task_id}") && taskId)
    model.markDeleted(taskId);
  const type = reply.headers["content-type"] ?? "";
  if (type.startsWith("text/event-stream")) {
    for (const frame of readFrames(reply.body.toString())) {
      if (typeof frame === "string" || taskId === undefined) continue;
      const { request_id } = frame.data;
      if (frame.event === "request" && typeof request_id === "string")
        model.addPart("request_id", request_id, taskId);
    }
  }
  if (!type.startsWith("application/json")) return;
  const value = JSON.parse(reply.body.toString()) as Record<string, unknown>;
  const created = value.task_id;
  if (reply.status === 201 && typeof created === "string") model.addTask(created, caller);
  if (taskId === undefined) return;
  const listed = [
    value,
    ...[value.results, value.pending].flatMap((list) => (Array.isArray(list) ? list : [])),
  ];
  for (const item of listed as Record<string, unknown>[]) {
    for (const name of ["run_id", "pending_id"] as const) {
      const id = item[name];
      if (typeof id === "string") model.addPart(name, id, taskId);
    }
  }
}

/** A request as a command that can be pasted; tokens and long bodies are cut. */
function describe({ sent, caller }: BuiltRequest, outcome: string): string {
  const headers = Object.entries(sent.headers ?? {}).map(([name, value]) => {
    const shown = /^(authorization|cookie)$/i.test(name) ? `<token ${caller}>` : String(value).slice(0, 200);
    return `-H ${quote(`${name}: ${shown}`)}`;
  });
  const body = sent.body === undefined ? [] : ["--data-binary", quote(sent.body.toString().slice(0, 400))];
  const words = ["curl -X", sent.method, ...headers, ...body, quote(`$URL${sent.path.slice(0, 400)}`)];
  return `${words.join(" ")}  # ${outcome}`;
}

function quote(text: string): string {
  return `$'${JSON.stringify(text).slice(1, -1).replaceAll("'", "\\'").replaceAll('\\"', '"')}'`;
}
