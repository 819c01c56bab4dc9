import { setTimeout as wait } from "node:timers/promises";
import { reconnectStyles } from "../client/history.ts";
import type { Person } from "../client/person.ts";
import { watchRun } from "../client/watcher.ts";
import { findProcesses } from "../invariants/processes.ts";
import { randomPlan, writePlan } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { inWorld, type World } from "../world.ts";

const lanes = 5;
const cancelsEach = 10;
/** The longest that the end of a cancelled run may take, milliseconds. */
const limitMs = 5_000;

/** Cancels at any moment of a run, its end timed, and what it left behind looked for. */
export const cancel: Scenario = {
  name: "cancel",
  about: `${lanes * cancelsEach} runs a round cancelled at random moments, on the server they run on and on another`,
  async run(context) {
    const { random } = context;
    await inWorld(context, { paceMs: 8, slowSeconds: 30, mayCancel: true }, async (world) => {
      if (random.chance(0.5)) await world.fleet.start("all");
      else await Promise.all([world.fleet.start("api"), world.fleet.start("worker")]);
      const person = await world.addPerson();
      await Promise.all(
        Array.from({ length: lanes }, (_, lane) => cancelInTurn(world, person, lane, random.fork(`${lane}`))),
      );
    });
  },
};

async function cancelInTurn(world: World, person: Person, lane: number, random: Random): Promise<void> {
  const { figures, violate } = world.context;
  const { task_id: taskId } = await person.createTask(`取消${lane}`);
  for (let number = 0; number < cancelsEach; number++) {
    const plan = randomPlan(random, `c${lane}-${number}`);
    // Never done by itself before it is cancelled, wherever that falls.
    plan.steps.splice(-1, 0, "slow");
    const { runId } = await person.post(taskId, writePlan(plan));
    if (!runId) return violate("a message was refused in the middle of cancels");
    const watching = watchRun(person, taskId, runId, {
      history: world.history,
      style: random.pick(reconnectStyles),
      patienceMs: 30_000,
    });
    await wait(random.pick([0, random.whole(0, 20), random.whole(0, 400)]));
    const asked = await person.cancel(taskId, runId);
    const { finishedAt, last } = await watching;
    if (asked.status !== 202) violate(`a cancel of an active run was answered ${asked.status}`);
    if (finishedAt === undefined) return violate(`run ${runId} did not end within 30 s of its cancel`);
    const took = finishedAt - asked.startedAt;
    figures.time("from a cancel's request to the run's last event", took);
    if (took > 1_000) figures.count("cancels that took more than a second");
    if (took > limitMs) violate(`the end of run ${runId} came ${took.toFixed(0)} ms after its cancel`);
    if (last?.data.status !== "cancelled") violate(`run ${runId} was cancelled and ended ${last?.event}`);
    figures.count("cancels");
  }
  // What the other lanes run meanwhile is theirs.
  const mine = findProcesses(world.marker).commands.filter((command) =>
    command.includes(`${world.marker}-c${lane}-`),
  );
  for (const process of mine) violate(`a command of a cancelled run is left: ${process}`);
}
