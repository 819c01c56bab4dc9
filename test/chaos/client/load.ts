import { setTimeout as wait } from "node:timers/promises";
import { isActive, type RunPage } from "../../../src/protocol/run.ts";
import { randomPlan, writePlan } from "../plan.ts";
import type { Random } from "../random.ts";
import type { World } from "../world.ts";
import { reconnectStyles } from "./history.ts";
import type { Person } from "./person.ts";
import { watchTask } from "./task-watcher.ts";
import { type UserWatcher, watchUser } from "./user-watcher.ts";
import { randomCuts, watchRun } from "./watcher.ts";

export interface LoadOptions {
  people: number;
  /** Tasks of each, all at work at once. */
  tasks: number;
  /** Watchers of each run. */
  watchers?: number;
  /** Of their connections, how many they drop by themselves. */
  cutShare?: number;
  /** Steps of a plan at most. */
  steps?: number;
  /** Whether the streams of tasks and of users are followed too. */
  taskStreams?: boolean;
  /** How long one run may take, milliseconds. */
  patienceMs?: number;
}

/** People at work: in each task one message after the other, each followed to its end. */
export interface Load {
  /** Begins nothing new, and resolves when all that was begun has come to its end. */
  stop(): Promise<void>;
}

export async function startLoad(world: World, random: Random, options: LoadOptions): Promise<Load> {
  const stopping = new AbortController();
  const lanes: Promise<void>[] = [];
  const lists: UserWatcher[] = [];
  for (let number = 0; number < options.people; number++) {
    const person = await world.addPerson();
    if (options.taskStreams) lists.push(watchUser(person, world.history));
    for (let task = 0; task < options.tasks; task++) {
      const name = `任务${number}-${task}`;
      lanes.push(converse(world, person, name, random.fork(name), options, stopping.signal));
    }
  }
  return {
    async stop() {
      stopping.abort();
      await Promise.all(lanes);
      for (const list of lists) for (const fault of await list.finish(15_000)) world.context.violate(fault);
    },
  };
}

async function converse(
  world: World,
  person: Person,
  name: string,
  random: Random,
  { watchers = 1, cutShare = 0, steps = 4, patienceMs = 60_000, taskStreams = false }: LoadOptions,
  stopping: AbortSignal,
): Promise<void> {
  const { task_id: taskId } = await person.createTask(name);
  world.directories.push(name);
  const ownCuts = randomCuts(random.fork("task"), cutShare);
  const follower = taskStreams ? watchTask(person, taskId, world.history, ownCuts) : undefined;
  for (let number = 1; !stopping.aborted; number++) {
    const token = `${name.replace("任务", "t")}-${number}`;
    const content = writePlan(randomPlan(random, token, steps));
    const { runId, outcome, status } = await person.post(taskId, content, "reject", random.chance(0.4));
    if (outcome === "refused") return world.context.violate(`a message was refused: ${status}`);
    if (!runId) {
      // It may have come in all the same: then its run is in the way of the next message.
      await awaitIdle(person, taskId, patienceMs);
      continue;
    }
    await Promise.all(
      Array.from({ length: watchers }, (_, watcher) => {
        const own = random.fork(`${number}/${watcher}`);
        return watchRun(person, taskId, runId, {
          history: world.history,
          style: own.pick(reconnectStyles),
          patienceMs,
          cutAfter: randomCuts(own, cutShare),
          onFrame: (event, seq) => world.hooks.onFrame?.(event, seq),
        });
      }),
    );
  }
  if (!follower) return;
  const { answer } = await person.ask<RunPage>("GET", `/v1/tasks/${taskId}/runs?page_size=100`);
  const runIds = answer?.status === 200 ? answer.body.results.map(({ run_id }) => run_id) : [];
  if (!(await follower.finish(runIds, 10_000))) {
    world.context.violate(`the stream of task ${taskId} does not tell of all its runs' ends`);
  }
}

async function awaitIdle(person: Person, taskId: string, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const { answer } = await person.ask<RunPage>("GET", `/v1/tasks/${taskId}/runs?page_size=1`);
    const [newest] = answer?.status === 200 ? answer.body.results : [];
    if (answer?.status === 200 && !(newest && isActive(newest.status))) return;
    await wait(50);
  }
}
