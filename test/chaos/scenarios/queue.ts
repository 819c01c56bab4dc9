import { setTimeout as wait } from "node:timers/promises";
import { reconnectStyles } from "../client/history.ts";
import type { Person } from "../client/person.ts";
import { watchRun } from "../client/watcher.ts";
import type { Stored } from "../invariants/stored.ts";
import { randomPlan, writePlan } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { inWorld, type World } from "../world.ts";

const runsEach = 3;
/** Runs at work of one process, and of one user. */
const [runs, userRuns] = [3, 2];

/** Many more runs than there is room for, some cancelled and some tasks deleted while they wait, servers being lost. */
export const queue: Scenario = {
  name: "queue",
  about: `${runsEach} runs for each of 15 tasks where ${runs} fit into a process, some cancelled, some deleted with their task, servers being killed`,
  async run(context) {
    const { random, figures, violate } = context;
    const environment = {
      ZCBOT_LIMIT_ATTEMPTS: "20",
      ZCBOT_LIMIT_RUNS: String(runs),
      ZCBOT_LIMIT_USER_RUNS: String(userRuns),
    };
    const deleted = new Set<string>();
    const stored = await inWorld(
      context,
      { environment, mayCancel: true, settleMs: 60_000 },
      async (world) => {
        const { fleet } = world;
        await Promise.all([fleet.start("api"), fleet.start("worker"), fleet.start("worker")]);
        const people = [await world.addPerson(), await world.addPerson(), await world.addPerson()];
        const working = Promise.all(
          people.flatMap((person, number) =>
            Array.from({ length: 5 }, (_, task) =>
              work(world, person, `排${number}-${task}`, random.fork(`${number}-${task}`)),
            ),
          ),
        );
        for (let kill = 0; kill < 3; kill++) {
          await wait(random.whole(200, 1_200));
          const victim = random.pick(fleet.servers.filter(({ state }) => state === "up"));
          await victim.kill();
          figures.count("servers killed");
          await fleet.start(victim.role);
        }
        await working;
        for (const taskId of world.history.deleted) deleted.add(taskId);
      },
    );
    for (const fault of [...checkPositions(stored), ...checkDeleted(stored, [...deleted])]) violate(fault);
    figures.count("tasks deleted with a run", deleted.size);
  },
};

async function work(world: World, person: Person, name: string, random: Random): Promise<void> {
  const { history, context } = world;
  const { task_id: taskId } = await person.createTask(name);
  world.directories.push(name);
  for (let number = 0; number < runsEach; number++) {
    const token = `${name.replace("排", "q")}-${number}`;
    const { runId, status } = await person.post(taskId, writePlan(randomPlan(random, token, 3)));
    if (!runId) return context.violate(`a message was refused: ${status}`);
    const watching = watchRun(person, taskId, runId, {
      history,
      style: random.pick(reconnectStyles),
      patienceMs: 120_000,
    });
    const fate = random.next();
    if (fate < 0.15) {
      await wait(random.whole(0, 1_500));
      history.deleted.add(taskId);
      const { answer, attempts } = await person.ask("DELETE", `/v1/tasks/${taskId}`);
      if (answer?.status !== 204 && !(answer?.status === 404 && attempts > 1)) {
        context.violate(`the deletion of a task was answered ${answer?.status}`);
      }
      const { finishedAt, refused, connections } = await watching;
      if (finishedAt === undefined && !refused) {
        context.violate(`the stream of a deleted task's run does not end: ${connections.at(-1)?.end}`);
      }
      return;
    }
    if (fate < 0.35) {
      await wait(random.whole(0, 1_000));
      await person.cancel(taskId, runId);
    }
    await watching;
  }
}

/** The positions a run is told go down: nobody overtakes it for long. They begin at 1. */
function checkPositions({ events }: Stored): string[] {
  return [...events].flatMap(([runId, log]) => {
    const told = log
      .filter(({ type }) => type === "queued")
      .map(({ data }) => JSON.parse(data).position as number);
    return told.every((position) => Number.isInteger(position) && position >= 1)
      ? []
      : [`run ${runId} was told the positions ${told}`];
  });
}

function checkDeleted({ tasks, runs, messages, events }: Stored, deleted: string[]): string[] {
  return deleted.flatMap((taskId) => {
    const left = [
      tasks.some(({ task_id }) => task_id === taskId) && "itself",
      runs.some(({ task_id }) => task_id === taskId) && "runs",
      messages.has(taskId) && "messages",
      [...events.keys()].some((runId) => !runs.some(({ run_id }) => run_id === runId)) && "events of no run",
    ].filter((each) => each !== false);
    return left.length > 0 ? [`of the deleted task ${taskId} there is left: ${left}`] : [];
  });
}
