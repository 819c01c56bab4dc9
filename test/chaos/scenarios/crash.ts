import { setTimeout as wait } from "node:timers/promises";
import { startLoad } from "../client/load.ts";
import { killAt, type Point, pointKinds, randomPoint } from "../points.ts";
import { readRunsAtWork, timeRecovery } from "../recovery.ts";
import type { RoundContext, Scenario } from "../scenario.ts";
import { inWorld, type World } from "../world.ts";

/** Runs go on this soon after the next server is ready, milliseconds. */
const limitMs = 10_000;

/** kill -9 of the one server, at any moment, and a start on the same data: so many times a round. */
export function createCrash(name: string, kills: number): Scenario {
  return {
    name,
    about: `${kills} kills -9 a round of the only server, at random moments and marked steps, then a new one`,
    async run(context) {
      const points = context.random.fork("points");
      await crashAt(
        context,
        Array.from({ length: kills }, () => randomPoint(points)),
      );
    },
  };
}

export const crash = createCrash("crash", 4);

/** The same at every marked step in turn: each round the next one of every kind. */
export const steps: Scenario = {
  name: "steps",
  about: `a kill -9 at step N of each of ${Object.keys(pointKinds).length} kinds of marked steps, N being the round`,
  async run(context) {
    await crashAt(
      context,
      Object.values(pointKinds).map((kind) => kind(context.round)),
    );
  },
};

async function crashAt(context: RoundContext, points: Point[]): Promise<void> {
  const { random } = context;
  // More kills than the limit of attempts may hit one run: that it ends with that reason is promised too.
  const environment = { ZCBOT_LIMIT_ATTEMPTS: "20" };
  await inWorld(context, { environment }, async (world) => {
    await world.fleet.start("all");
    const load = await startLoad(world, random.fork("load"), { people: 2, tasks: 2, taskStreams: true });
    const pauses = random.fork("pauses");
    for (const point of points) {
      await crashOnce(world, point);
      await wait(pauses.whole(0, 300));
    }
    await load.stop();
  });
}

async function crashOnce(world: World, point: Point): Promise<void> {
  const { figures } = world.context;
  const server = world.fleet.servers.at(-1);
  if (!server) return;
  const { reached } = await killAt(world, server, point, 4_000);
  figures.count(reached ? "kills at the point that was aimed at" : "kills after a point that did not come");
  // What was on its way to the database may still be done.
  await wait(10);
  const runs = await readRunsAtWork(world);
  await world.fleet.start("all");
  const since = performance.now();
  await timeRecovery(world, runs, { since, name: "from the new server's start to a run going on", limitMs });
}
