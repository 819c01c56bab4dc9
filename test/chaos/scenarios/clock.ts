import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { forgeToken } from "../../support/api/forge-token.ts";
import { stranger } from "../../support/api/request.ts";
import { jwtSecret } from "../../support/server.ts";
import { startLoad } from "../client/load.ts";
import type { ChaosServer } from "../fleet.ts";
import type { Scenario } from "../scenario.ts";
import { inWorld, type World } from "../world.ts";

const [hour, day] = [3_600, 86_400];
const jumpsEach = 8;

/** Where Debian and its kin keep it. */
const library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
  .map((system) => `/usr/lib/${system}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

/** The clocks of the servers jump, each its own way, while runs are at work. */
export const clock: Scenario = {
  name: "clock",
  about: `${jumpsEach} jumps a round of two servers' clocks, by an hour or a day, forward and back`,
  impossible: async () => (library ? undefined : "libfaketime is not installed"),
  async run(context) {
    const { random, figures } = context;
    // Longer than all jumps together, so that those at work stay signed in.
    const environment = { ZCBOT_TOKEN_TTL_SECONDS: String(30 * day) };
    await inWorld(context, { environment }, async (world) => {
      const clocks = await Promise.all([0, 1].map((number) => startWithClock(world, number)));
      const load = await startLoad(world, random.fork("load"), { people: 2, tasks: 2, taskStreams: true });
      for (let jump = 0; jump < jumpsEach; jump++) {
        const { server, set } = random.pick(clocks);
        await set(random.pick([0, hour, -hour, day, -day]));
        figures.count("jumps of a server's clock");
        await wait(random.whole(100, 800));
        if (jump % 4 === 0) await checkExpiry(world, server, set);
      }
      await load.stop();
      for (const { server } of clocks) {
        const log = await readFile(join(world.folder, `${server.name}.log`), "utf8");
        if (log.includes("a server is gone")) context.violate(`${server.name} took the other one for dead`);
      }
    });
  },
};

interface Clock {
  server: ChaosServer;
  /** Sets the clock off by so many seconds. */
  set(seconds: number): Promise<void>;
}

async function startWithClock(world: World, number: number): Promise<Clock> {
  const file = join(world.folder, `clock-${number}`);
  const set = (seconds: number) => writeFile(file, `${seconds >= 0 ? "+" : ""}${seconds}`);
  await set(0);
  const server = await world.fleet.start("all", {
    LD_PRELOAD: library ?? "",
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    // Timers run on the steady clock, which no jump moves.
    DONT_FAKE_MONOTONIC: "1",
  });
  return { server, set };
}

/** A token of half an hour is good, and is not when the server's clock says that it has expired. */
async function checkExpiry(world: World, server: ChaosServer, set: Clock["set"]): Promise<void> {
  const [person] = world.people;
  const exp = Math.floor(Date.now() / 1000) + hour / 2;
  const claims = { sub: person?.userId, scope: "user", iss: "zcbot", aud: "zcbot", exp };
  const token = forgeToken(claims, jwtSecret);
  const caller = stranger(`http://127.0.0.1:${server.port}`, { Authorization: `Bearer ${token}` });
  for (const [offset, expected] of [
    [0, 200],
    [hour, 401],
    [day, 401],
    [-hour, 200],
  ] as const) {
    await set(offset);
    const { status } = await caller.fetch("/v1/tasks");
    world.context.figures.count("tokens looked at after a jump");
    if (status !== expected) {
      world.context.violate(`with a clock ${offset} s off a token of half an hour was answered ${status}`);
    }
  }
}
