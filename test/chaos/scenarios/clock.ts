import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { forgeToken } from "../../support/api/forge-token.ts";
import { stranger } from "../../support/api/request.ts";
import { jwtSecret } from "../../support/server.ts";
import { startLoad } from "../client/load.ts";
import type { ChaosServer } from "../fleet.ts";
import { startOwnPostgres } from "../postgres.ts";
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
  about: `${jumpsEach} jumps a round of the clocks of two servers and of the database, by an hour or a day, forward and back`,
  impossible: async () => (library ? undefined : "libfaketime is not installed"),
  async run(context) {
    const { random, figures } = context;
    // Longer than all jumps together, so that those at work stay signed in.
    const environment = { ZCBOT_TOKEN_TTL_SECONDS: String(30 * day) };
    const folder = await mkdtemp(join(tmpdir(), "zcbot-chaos-"));
    const itsClock = await createClock(join(folder, "clock"));
    const postgres = await startOwnPostgres(itsClock.environment);
    const stop = async () => {
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    };
    await inWorld({ ...context, postgres }, { environment }, async (world) => {
      const clocks = await Promise.all([0, 1].map((number) => startWithClock(world, number)));
      const load = await startLoad(world, random.fork("load"), { people: 2, tasks: 2, taskStreams: true });
      for (let jump = 0; jump < jumpsEach; jump++) {
        const { server, set } = random.pick(clocks);
        const ofDatabase = random.chance(0.4);
        const offset = random.pick([0, hour, -hour, day, -day]);
        await (ofDatabase ? itsClock.set : set)(offset);
        if (ofDatabase) await checkDatabaseClock(world, offset);
        figures.count(`jumps of the ${ofDatabase ? "database" : "server"}'s clock`);
        await wait(random.whole(100, 800));
        if (jump % 4 === 0) await checkExpiry(world, server, set);
      }
      await load.stop();
      for (const { server } of clocks) {
        const log = await readFile(join(world.folder, `${server.name}.log`), "utf8");
        if (log.includes("a server is gone")) context.violate(`${server.name} took the other one for dead`);
      }
    }).finally(stop);
  },
};

interface Clock {
  /** For the process whose clock it shall be. */
  environment: Record<string, string>;
  /** Sets the clock off by so many seconds. */
  set(seconds: number): Promise<void>;
}

async function createClock(file: string): Promise<Clock> {
  const set = (seconds: number) => writeFile(file, `${seconds >= 0 ? "+" : ""}${seconds}`);
  await set(0);
  await chmod(file, 0o644);
  await chmod(dirname(file), 0o755);
  const environment = {
    LD_PRELOAD: library ?? "",
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    // Timers run on the steady clock, which no jump moves.
    DONT_FAKE_MONOTONIC: "1",
  };
  return { environment, set };
}

async function startWithClock(
  world: World,
  number: number,
): Promise<Pick<Clock, "set"> & { server: ChaosServer }> {
  const { environment, set } = await createClock(join(world.folder, `clock-${number}`));
  return { server: await world.fleet.start("all", environment), set };
}

/** That this scenario does what it says. */
async function checkDatabaseClock(world: World, offset: number): Promise<void> {
  const { rows } = await world.database.database.pool.query<{ now: Date }>("select clock_timestamp() as now");
  const off = (Number(rows[0]?.now) - Date.now()) / 1000;
  if (Math.abs(off - offset) > 60)
    world.context.violate(`the database's clock is ${off} s off, not ${offset}`);
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
