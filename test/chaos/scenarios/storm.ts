import { setTimeout as wait } from "node:timers/promises";
import { startLoad } from "../client/load.ts";
import type { ChaosServer, Role } from "../fleet.ts";
import type { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { inWorld, type World } from "../world.ts";
import { talk } from "./steer.ts";

const troublesEach = 10;

type Trouble = (world: World, victim: ChaosServer, random: Random) => Promise<void>;

/** Each leaves behind as many servers as there were. Some go on by themselves for a while. */
const troubles: Record<string, Trouble> = {
  async "kill -9"(world, victim) {
    await victim.kill();
    await startAnyhow(world, victim.role);
  },
  async SIGTERM(world, victim, random) {
    const leaving = victim.stop();
    if (random.chance(0.5)) await leaving;
    await startAnyhow(world, victim.role);
    await leaving;
  },
  async "SIGTERM, then kill -9"(world, victim, random) {
    void victim.stop();
    await wait(random.whole(0, 500));
    await victim.kill();
    await startAnyhow(world, victim.role);
  },
  async "short freeze"(_world, victim, random) {
    victim.freeze();
    await wait(random.whole(100, 4_000));
    victim.thaw();
  },
  async "long freeze"(_world, victim, random) {
    victim.freeze();
    await wait(random.whole(9_000, 13_000));
    victim.thaw();
  },
  async "database stopped at once"(world, _victim, random) {
    await world.context.postgres.crash();
    await wait(random.whole(0, 1_500));
    await world.context.postgres.start();
  },
  async "one cut off from the database"(_world, victim, random) {
    victim.database.freeze();
    await wait(random.whole(200, 12_000));
    if (random.chance(0.5)) victim.database.cut();
    await victim.database.open();
  },
  async "connections to the database reset"(world, _victim, random) {
    for (const { database } of world.fleet.servers) database.cut(random.next());
  },
  async "slow network"(_world, victim, random) {
    victim.database.delay(random.whole(5, 100), random.whole(0, 200));
    await wait(random.whole(200, 2_000));
    victim.database.delay(0);
  },
  async "clients cut off"(world, _victim, random) {
    world.door.cut(random.next());
  },
};

/** Everything at once: some servers, people who talk, steer and cancel, and one trouble on top of the other. */
export const storm: Scenario = {
  name: "storm",
  about: `${troublesEach} troubles a round of ${Object.keys(troubles).length} kinds, two at a time, on four servers`,
  async run(context) {
    const { random, figures } = context;
    const environment = { ZCBOT_LIMIT_ATTEMPTS: "50", ZCBOT_LIMIT_DRAIN_MS: "2000" };
    const options = { environment, mayCancel: true, settleMs: 60_000, patienceMs: 90_000 };
    await inWorld(context, options, async (world) => {
      const { fleet } = world;
      await Promise.all([fleet.start("api"), fleet.start("worker"), fleet.start("all"), fleet.start("all")]);
      const load = await startLoad(world, random.fork("load"), {
        people: 2,
        tasks: 2,
        watchers: 2,
        cutShare: 0.2,
        taskStreams: true,
        patienceMs: 120_000,
      });
      const people = [await world.addPerson(), await world.addPerson()];
      const talking = Promise.all(
        people.map((person, number) => talk(world, person, `话${number}`, random.fork(`talk ${number}`), 12)),
      );
      await Promise.all(
        [0, 1].map(async (lane) => {
          const own = random.fork(`lane ${lane}`);
          for (let number = 0; number < troublesEach / 2; number++) {
            await wait(own.whole(0, 1_500));
            const name = own.pick(Object.keys(troubles));
            // Each lane has servers of its own, or one would start what the other has killed.
            const victims = fleet.servers.filter(({ state }, index) => state === "up" && index % 2 === lane);
            const victim = victims.length > 0 ? own.pick(victims) : await startAnyhow(world, "all");
            figures.count(`trouble: ${name}`);
            await troubles[name]?.(world, victim, own.fork(`${number}`));
          }
        }),
      );
      await talking;
      await load.stop();
    });
  },
};

/** Starts a server as whoever runs it would: again, where it gave up because the database went away in the middle. */
async function startAnyhow(world: World, role: Role): Promise<ChaosServer> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return await world.fleet.start(role);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      world.context.figures.count("starts that were given up");
      await wait(100);
    }
  }
}
