import { text as readAll } from "node:stream/consumers";
import type { Client } from "../../client/client.ts";
import { followRun } from "../../client/event-stream.ts";
import { ApiError } from "../../protocol/error.ts";
import type { NumberedEvent } from "../../protocol/event.ts";
import type { Task } from "../../protocol/task.ts";
import { createAnswerer } from "../answer-requests.ts";
import { CommandError, errorLine, exitCode, exitCodeOf, explainError } from "../exit-code.ts";
import { type Interrupt, listenForInterrupt } from "../interrupt.ts";
import { reachServer } from "../local-server.ts";
import { nameAfter } from "../name-after.ts";
import { createRenderer } from "../render.ts";

export interface RunOptions {
  dir?: string;
  task?: string;
  skill?: string;
  model?: string;
  /** Paths in the task's directory. */
  attach?: string[];
  json?: boolean;
  data?: string;
}

/** After this long without a word of the server the run is left to itself. */
const giveUpAfterMs = 60_000;
/** A cancelled run ends at once; where its end is not heard of in this time, it is left as it is. */
const endAfterCancelMs = 10_000;

/** Posts a message and shows the run to its end. The exit code tells how it ended. */
export async function run(message: string, options: RunOptions): Promise<number> {
  const interrupt = listenForInterrupt();
  try {
    return await runOn(await readMessage(message), options, interrupt);
  } catch (error) {
    if (interrupt.signal.aborted) return exitCode.interrupted;
    if (options.json) printLine(errorLine(error));
    process.stderr.write(`${explainError(error)}\n`);
    return exitCodeOf(error);
  } finally {
    interrupt.release();
  }
}

async function readMessage(given: string): Promise<string> {
  const message = given === "-" ? await readAll(process.stdin) : given;
  if (message.trim() === "") throw new CommandError("There is no message: it is empty.", exitCode.usage);
  return message;
}

async function runOn(message: string, options: RunOptions, interrupt: Interrupt): Promise<number> {
  const server = await reachServer(options.data, interrupt.signal);
  try {
    const { client } = server;
    const task = await chooseTask(client, message, options, interrupt.signal);
    const { attach = [], model } = options;
    const posted = {
      content: message,
      attachments: attach.map((file) => `${directoryOf(task)}/${file.replace(/^\.\//, "")}`),
      // A new task has it as its own.
      ...(options.task !== undefined && { model_profile: model }),
    };
    const accepted = await client.postMessage({ task_id: task.task_id }, posted);
    const ids = { task_id: task.task_id, run_id: accepted.run_id };
    return await show(client, ids, task, options, interrupt);
  } finally {
    await server.release();
  }
}

/** The task's directory as the files of its user are named. */
function directoryOf({ working_dir }: Task): string {
  return working_dir.split("/").slice(3).join("/");
}

async function chooseTask(
  client: Client,
  message: string,
  { task, dir, skill, model }: RunOptions,
  signal: AbortSignal,
): Promise<Task> {
  if (task !== undefined) return await client.getTask({ task_id: task }, { signal });
  const created = { name: nameAfter(message), working_dir: dir, skill, model_profile: model };
  return await client.createTask(created, { signal });
}

type Ids = { task_id: string; run_id: string };

async function show(
  client: Client,
  ids: Ids,
  task: Task,
  { json }: RunOptions,
  interrupt: Interrupt,
): Promise<number> {
  if (json) printLine({ type: "run", schema_version: 1, ...ids, working_dir: task.working_dir });
  const leaving = cancelOn(interrupt.signal, client, ids);
  const render = createRenderer({ output: process.stdout, notes: process.stderr });
  const handle = json ? printLine : createAnswerer(client, ids, leaving, render);
  let told = false;
  const onConnection = (state: "live" | "lost") => {
    if (state === "lost" && !told) process.stderr.write("The connection is lost; trying again.\n");
    told ||= state === "lost";
  };
  const following = { giveUpAfterMs, onConnection, signal: leaving };
  let last: NumberedEvent | undefined;
  for await (const event of followRun(client, ids.task_id, ids.run_id, following)) {
    told = false;
    handle(event);
    last = event;
  }
  if (last?.type === "done") return last.status === "ok" ? exitCode.ok : exitCode.interrupted;
  return exitCode.failure;
}

/** Cancels the run once interrupted. The signal it gives is aborted where the run's end will not be heard of. */
function cancelOn(interrupted: AbortSignal, client: Client, ids: Ids): AbortSignal {
  const leaving = new AbortController();
  const leave = (why: string) => {
    process.stderr.write(`${why} The run may still be at work.\n`);
    leaving.abort(interrupted.reason);
  };
  const cancel = async () => {
    process.stderr.write("\nCancelling. Press Ctrl-C again to leave at once.\n");
    setTimeout(() => leave("The server does not answer."), endAfterCancelMs).unref();
    try {
      await client.cancelRun(ids, { signal: leaving.signal });
    } catch (error) {
      // It had ended by itself: its last event is on its way.
      if (error instanceof ApiError && error.code === "run_not_active") return;
      if (!leaving.signal.aborted) leave(explainError(error));
    }
  };
  if (interrupted.aborted) void cancel();
  else interrupted.addEventListener("abort", () => void cancel(), { once: true });
  return leaving.signal;
}

function printLine(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
