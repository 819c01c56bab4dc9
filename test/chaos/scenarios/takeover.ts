import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startLoad } from "../client/load.ts";
import { watchRun } from "../client/watcher.ts";
import type { ChaosServer } from "../fleet.ts";
import { findAncestor, findProcesses } from "../invariants/processes.ts";
import { writePlan } from "../plan.ts";
import type { Random } from "../random.ts";
import { readRunsAtWork, timeRecovery } from "../recovery.ts";
import type { RoundContext, Scenario } from "../scenario.ts";
import { inWorld, type World } from "../world.ts";

/** Another server goes on with a run this soon after its own was lost, milliseconds. */
const limitMs = 15_000;
/** How long a frozen or parted server is away: longer than its lease, milliseconds. */
const awayMs: [number, number] = [14_000, 18_000];

interface Trouble {
  /** Whether the lost server's commands must be found dead before their time: its victim is at work on a long one. */
  long: boolean;
  happen(world: World, victim: ChaosServer, random: Random): Promise<void>;
}

const killing: Trouble = { long: false, happen: killed };
const freezing: Trouble = { long: true, happen: frozen };
const parting: Trouble = { long: true, happen: partedFromDatabase };

/** Two workers, one of which is lost, by all the ways there are, and comes back where it can. */
export const takeover: Scenario = {
  name: "takeover",
  about:
    "an api and two workers, one of which is killed, frozen past its lease and revived, or cut off from the database",
  run: (context) => takeOver(context, [killing, context.round % 2 === 0 ? freezing : parting]),
};

/** The part of it that waits for no lease. */
export const takeoverByKill: Scenario = {
  name: "takeover-kill",
  about: "an api and two workers on one machine, one of which is killed",
  run: (context) => takeOver(context, [killing], 1),
};

async function takeOver(context: RoundContext, troubles: Trouble[], people = 3): Promise<void> {
  const { random } = context;
  const environment = { ZCBOT_LIMIT_ATTEMPTS: "20" };
  await inWorld(context, { environment, slowSeconds: 1.5, settleMs: 45_000 }, async (world) => {
    const { fleet } = world;
    await Promise.all([fleet.start("api"), fleet.start("worker"), fleet.start("worker")]);
    const load = await startLoad(world, random.fork("load"), { people, tasks: 2, patienceMs: 90_000 });
    for (const [number, trouble] of troubles.entries()) {
      const own = random.fork(`${number}`);
      await wait(own.whole(200, 1_500));
      const victim = trouble.long ? await giveLongWork(world, own) : own.pick(fleet.up("worker"));
      await trouble.happen(world, victim, own);
    }
    await load.stop();
  });
}

async function killed(world: World, victim: ChaosServer, random: Random): Promise<void> {
  const runs = await readRunsAtWork(world, victim.pid);
  await victim.kill();
  const since = performance.now();
  world.context.figures.count("workers killed");
  await timeRecovery(world, runs, { since, name: "from kill -9 to another server going on", limitMs });
  await wait(random.whole(0, 500));
  await world.fleet.start("worker");
}

async function frozen(world: World, victim: ChaosServer, random: Random): Promise<void> {
  const runs = await readRunsAtWork(world, victim.pid);
  victim.freeze();
  const since = performance.now();
  world.context.figures.count("workers frozen and revived");
  await lost(world, victim, runs, since, "from SIGSTOP to another server going on", random);
  victim.thaw();
  await zombieIsRefused(world, victim);
}

async function partedFromDatabase(world: World, victim: ChaosServer, random: Random): Promise<void> {
  const runs = await readRunsAtWork(world, victim.pid);
  victim.database.freeze();
  const since = performance.now();
  world.context.figures.count("workers parted from the database");
  await lost(world, victim, runs, since, "from the partition to another server going on", random);
  await victim.database.open();
  await zombieIsRefused(world, victim);
}

async function lost(
  world: World,
  victim: ChaosServer,
  runs: Map<string, number>,
  since: number,
  name: string,
  random: Random,
): Promise<void> {
  const until = since + random.whole(...awayMs);
  await timeRecovery(world, runs, { since, name, limitMs });
  // A watchdog outside the lost server has ended what its tools had started.
  for (const command of findProcesses(world.marker).commands) {
    if (findAncestor(Number(command.split(" ")[0]), [victim.pid]) !== undefined) {
      world.context.violate(`a command of a server that lost its lease is left: ${command}`);
    }
  }
  await wait(Math.max(0, until - performance.now()));
}

/** What a zombie tries to write, and is not let: its own log says so. */
async function zombieIsRefused(world: World, victim: ChaosServer): Promise<void> {
  await wait(1_500);
  const log = await readFile(join(world.folder, `${victim.name}.log`), "utf8");
  const refused = log.split("\n").filter((line) => line.includes("no longer this server's")).length;
  world.context.figures.count("runs that a revived server found to be another's", refused);
}

/** Gives somebody a command of a minute, and the worker that is at work on it. */
async function giveLongWork(world: World, random: Random): Promise<ChaosServer> {
  const { fleet, history, marker } = world;
  const workers = fleet.up("worker");
  const [person] = world.people;
  if (!person) throw new Error("nobody is there");
  const token = `long-${random.whole(0, 1_000_000)}`;
  const { task_id: taskId } = await person.createTask(token);
  world.directories.push(token);
  const { runId } = await person.post(taskId, writePlan({ token, steps: ["long", "text"] }));
  if (!runId) throw new Error("the message with long work was not taken");
  void watchRun(person, taskId, runId, { history, style: "after", patienceMs: 90_000 });
  for (let attempt = 0; attempt < 200; attempt++) {
    const command = findProcesses(marker).commands.find((each) => each.includes(`${marker}-${token}`));
    const pid = findAncestor(
      Number(command?.split(" ")[0] ?? 0),
      workers.map((worker) => worker.pid),
    );
    const worker = workers.find((each) => each.pid === pid);
    if (worker) return worker;
    await wait(25);
  }
  throw new Error("the long work did not begin");
}
