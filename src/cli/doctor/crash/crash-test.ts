import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "../../../client/client.ts";
import type { NumberedEvent } from "../../../protocol/event.ts";
import { openSecrets } from "../../../server/data-folder/secrets.ts";
import type { Crash, CrashReport } from "./crash-report.ts";
import { type CrashWork, effectsFile, planCrashWork } from "./crash-work.ts";
import { judge } from "./judge.ts";
import type { Scratch, ScratchServer } from "./scratch.ts";
import { type RunIds, readEvents, Witness } from "./witness.ts";

/** Where in the run its server is killed. */
interface CrashPoint {
  name: string;
  /** Given every event as it comes, until it says that the time is now. */
  reached(event: NumberedEvent): boolean;
  /** What else to wait for. */
  settled?(): Promise<void>;
}

/** A run that is watched, with the server that works on it now. */
interface Watched {
  scratch: Scratch;
  signal: AbortSignal;
  work: CrashWork;
  ids: RunIds;
  token: string;
  effectsPath: string;
  witness: Witness;
  server: ScratchServer;
}

const patienceMs = 180_000;
const reconnectMs = 100;

/**
 * Has the demo model work on scratch data, kills the server in the middle of it with SIGKILL, twice, starts
 * another one each time, and compares what is there in the end with what should be. Rejects where servers do not
 * start or the run does not end; the caller closes the scratch data.
 */
export async function testCrashes(
  scratch: Scratch,
  { commands, signal: interrupted }: { commands: boolean; signal: AbortSignal },
): Promise<CrashReport> {
  const patience = AbortSignal.timeout(patienceMs);
  const signal = AbortSignal.any([interrupted, patience]);
  const kind = commands ? "bash" : "edit";
  try {
    const watched = await beginRun(scratch, planCrashWork(kind), signal);
    const points = [inCommand(watched), inAnswer(watched.work)];
    const crashes: Crash[] = [];
    let next: CrashPoint | undefined = points[0];
    let crash: Crash | undefined;
    let killedAt: number | undefined;
    const onEvent = () => {
      if (crash && killedAt !== undefined) crash.went_on_ms ??= performance.now() - killedAt;
    };
    for (;;) {
      const killed = await followUntil(watched, next, onEvent);
      if (killed === undefined) break;
      const startedAt = performance.now();
      watched.server = await scratch.start(signal);
      crash = { point: next?.name ?? "", start_ms: performance.now() - startedAt, went_on_ms: null };
      crashes.push(crash);
      killedAt = killed;
      next = points[crashes.length];
    }
    return {
      database: scratch.place,
      tool: kind,
      crashes,
      planned_crashes: points.length,
      ...judge(await gather(watched, killedAt ?? 0)),
    };
  } catch (error) {
    if (!interrupted.aborted && patience.aborted) {
      throw new Error(`the run did not end in ${patienceMs / 1000} s`, { cause: error });
    }
    throw error;
  }
}

async function beginRun(scratch: Scratch, work: CrashWork, signal: AbortSignal): Promise<Watched> {
  const server = await scratch.start(signal);
  const secrets = await openSecrets(scratch.dataDir);
  const login = { user_id: secrets.local_user_id, platform_key: scratch.platformKey ?? secrets.platform_key };
  const { token } = await createClient({ baseUrl: server.url }).login(login, { signal });
  const client = createClient({ baseUrl: server.url, token });
  const task = await client.createTask({ name: "zcbot doctor", working_dir: "doctor" }, { signal });
  const { run_id } = await client.postMessage(
    { task_id: task.task_id },
    { content: work.message },
    { signal },
  );
  return {
    scratch,
    signal,
    work,
    ids: { task_id: task.task_id, run_id },
    token,
    effectsPath: join(scratch.dataDir, task.working_dir, effectsFile),
    witness: new Witness(),
    server,
  };
}

/** Follows the run to its end, or until the server was killed at the given point; gives the time of that. */
async function followUntil(
  { server, token, ids, signal, witness }: Watched,
  point: CrashPoint | undefined,
  onEvent: () => void,
): Promise<number | undefined> {
  const client = createClient({ baseUrl: server.url, token });
  let killing: Promise<number> | undefined;
  const kill = async (at: CrashPoint) => {
    await at.settled?.();
    const time = performance.now();
    await server.kill();
    return time;
  };
  for (;;) {
    const ended = await witness.follow(client, ids, signal, (event) => {
      onEvent();
      if (!killing && point?.reached(event)) killing = kill(point);
    });
    if (ended) return undefined;
    if (killing) return await killing;
    await delay(reconnectMs, undefined, { signal });
  }
}

/** Once the effect of the slow call is there, and the call still at work; where there is no shell, as it begins. */
function inCommand({ work, effectsPath, signal }: Watched): CrashPoint {
  const { label } = work.slow;
  return {
    name: work.slowMs > 0 ? "in a command" : "as a call began",
    reached: (event) => event.type === "tool_call" && JSON.stringify(event.arguments).includes(label),
    async settled() {
      while (work.slowMs > 0 && !(await readFile(effectsPath, "utf8")).includes(label)) {
        await delay(10, undefined, { signal });
      }
    },
  };
}

/** While the last answer is streaming. */
function inAnswer({ instructions }: CrashWork): CrashPoint {
  let step = 0;
  return {
    name: "in an answer",
    reached(event) {
      if (event.type === "llm_start") step = event.step;
      return event.type === "text" && step > instructions.length;
    },
  };
}

async function gather({ server, token, ids, signal, witness, work, effectsPath }: Watched, killedAt: number) {
  const client = createClient({ baseUrl: server.url, token });
  const log: NumberedEvent[] = [];
  for await (const event of readEvents(client, ids, 0, signal)) log.push(event);
  const { messages } = await client.listMessages({ task_id: ids.task_id }, { signal });
  // A command that went on without its server has had its time by then.
  await delay(Math.max(0, killedAt + work.slowMs - performance.now()), undefined, { signal });
  return {
    work,
    witness,
    log,
    messages: messages.map(({ payload }) => payload),
    effects: await readFile(effectsPath, "utf8"),
  };
}
