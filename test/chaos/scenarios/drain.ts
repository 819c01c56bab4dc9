import { setTimeout as wait } from "node:timers/promises";
import { startLoad } from "../client/load.ts";
import { readRunsAtWork, timeRecovery } from "../recovery.ts";
import type { Scenario } from "../scenario.ts";
import { inWorld } from "../world.ts";

const drainMs = 3_000;
/** What a server may take beyond that to close, milliseconds. */
const graceMs = 5_000;
const drainsEach = 3;

/** SIGTERM with runs at work: the server goes in time, and the next one goes on with them. */
export const drain: Scenario = {
  name: "drain",
  about: `${drainsEach} servers a round asked to end (SIGTERM) with runs at work; another takes them over`,
  async run(context) {
    const { random, figures } = context;
    const environment = { ZCBOT_LIMIT_DRAIN_MS: String(drainMs), ZCBOT_LIMIT_ATTEMPTS: "1" };
    await inWorld(context, { environment, slowSeconds: 2, paceMs: 15 }, async (world) => {
      const { fleet } = world;
      const alone = random.chance(0.3);
      await fleet.start("all");
      if (!alone) await fleet.start(random.pick(["all", "worker"]));
      const load = await startLoad(world, random.fork("load"), { people: 2, tasks: 3 });
      for (let number = 0; number < drainsEach; number++) {
        await wait(random.whole(100, 1_500));
        const victim = random.pick(fleet.up("worker"));
        const runs = await readRunsAtWork(world, victim.pid);
        const since = performance.now();
        const [code] = await Promise.all([victim.stop(), alone ? undefined : fleet.start(victim.role)]);
        const took = performance.now() - since;
        figures.time("from SIGTERM to the exit", took);
        figures.count("servers asked to end", 1);
        figures.count("runs at work on them", runs.size);
        if (code !== 0) world.context.violate(`${victim.name} ended with ${code} when asked to end`);
        if (took > drainMs + graceMs)
          world.context.violate(`${victim.name} took ${took.toFixed(0)} ms to end`);
        if (alone) await fleet.start("all");
        const from = performance.now();
        await timeRecovery(world, runs, {
          since: from,
          name: "from the exit to a run going on",
          limitMs: 5_000,
        });
      }
      await load.stop();
    });
  },
};
