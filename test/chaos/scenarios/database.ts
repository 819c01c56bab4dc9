import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "pg";
import { startLoad } from "../client/load.ts";
import type { Random } from "../random.ts";
import type { RoundContext, Scenario } from "../scenario.ts";
import { inWorld, type World } from "../world.ts";

const troublesEach = 3;
/** Answers come again this soon after the database is back, milliseconds. */
const limitMs = 5_000;

/** What may become of a database and the way to it. Resolves when it is back. */
const troubles: Record<string, (world: World, random: Random) => Promise<void>> = {
  async "immediate stop and start"(world, random) {
    const { postgres } = world.context;
    await postgres.crash();
    await wait(random.pick([0, random.whole(0, 3_000)]));
    await postgres.start();
  },
  async "backends ended"(world, random) {
    for (let time = 0; time < 10; time++) {
      await endBackends(world, random.whole(1, 10));
      await wait(random.whole(0, 150));
    }
  },
  async "connections reset"(world, random) {
    for (let time = 0; time < 5; time++) {
      for (const { database } of world.fleet.up("api")) {
        world.context.figures.count("connections to the database reset", database.cut(random.next()));
      }
      await wait(random.whole(0, 300));
    }
  },
  async "connections refused"(world, random) {
    const ways = world.fleet.up("api").map(({ database }) => database);
    await Promise.all(ways.map((way) => way.refuse()));
    await wait(random.whole(200, 3_000));
    await Promise.all(ways.map((way) => way.open()));
  },
  async "half-open, then healed"(world, random) {
    const ways = world.fleet.up("api").map(({ database }) => database);
    for (const way of ways) way.freeze();
    await wait(random.whole(500, 8_000));
    await Promise.all(ways.map((way) => way.open()));
  },
  async "half-open, then reset"(world, random) {
    const ways = world.fleet.up("api").map(({ database }) => database);
    for (const way of ways) way.freeze();
    await wait(random.whole(500, 12_000));
    for (const way of ways) way.cut();
    await Promise.all(ways.map((way) => way.open()));
  },
  async slow(world, random) {
    const ways = world.fleet.up("api").map(({ database }) => database);
    for (const way of ways) way.delay(random.whole(5, 150), random.whole(0, 150));
    await wait(random.whole(500, 3_000));
    for (const way of ways) way.delay(0);
  },
  async "reset in the middle of an answer"(world, random) {
    for (let time = 0; time < 10; time++) {
      for (const { database } of world.fleet.up("api")) database.resetAfter(random.whole(1, 800));
      await wait(random.whole(20, 200));
    }
  },
  async "turned into a standby"(world, random) {
    // As after a fail-over: the address leads to one that only reads.
    const { database, name } = world.database;
    const readOnly = async (on: boolean) => {
      await database.pool.query(
        `alter database ${name} set default_transaction_read_only = ${on ? "on" : "off"}`,
      );
      await endBackends(world, 100);
    };
    await readOnly(true);
    await wait(random.whole(200, 2_500));
    await world.database.database.pool.query("set default_transaction_read_only = off");
    await readOnly(false);
  },
  async "no connection left"(world, random) {
    const takers: Client[] = [];
    await endBackends(world, 100);
    const deadline = performance.now() + random.whole(500, 2_500);
    while (performance.now() < deadline) {
      const taker = world.database.database.createClient("chaos taker");
      taker.on("error", () => {});
      await taker.connect().then(
        () => takers.push(taker),
        () => wait(20),
      );
    }
    await Promise.all(takers.map((taker) => taker.end()));
  },
  async "tables locked"(world, random) {
    const { database } = world.database;
    await database.transaction(async (client) => {
      await client.query(
        `lock table ${random.pick(["runs", "events", "tasks", "servers"])} in access exclusive mode`,
      );
      // At work all the while: an idle transaction would be ended.
      await client.query("select pg_sleep($1)", [random.whole(300, 6_000) / 1_000]);
    });
  },
};

async function endBackends(world: World, most: number): Promise<void> {
  const { rows } = await world.database.database.pool.query<{ ended: number }>(
    `select count(pg_terminate_backend(pid))::int as ended from (
       select pid from pg_stat_activity where datname = current_database() and application_name like 'zcbot%'
       order by random() limit $1) chosen`,
    [most],
  );
  world.context.figures.count("backends ended", rows[0]?.ended);
}

/** The database goes away in all the ways it can, under load, and comes back. */
export const database: Scenario = {
  name: "database",
  about: `${troublesEach} troubles a round with the database or the way to it: stopped at once, backends ended, reset, refused, half-open, slow, read-only, full, locked`,
  run(context) {
    const names = Object.keys(troubles);
    // In turn by round, so that all come about equally often.
    const first = (context.round - 1) * troublesEach;
    return trouble(
      context,
      Array.from({ length: troublesEach }, (_, number) => names[(first + number) % names.length] ?? ""),
    );
  },
};

const restartsEach = 5;

/** The commonest of them alone, for their count. */
export const restarts: Scenario = {
  name: "restarts",
  about: `${restartsEach} immediate stops and starts of Postgres a round under load, and some 50 of its backends ended`,
  run: (context) =>
    trouble(context, [
      "backends ended",
      ...Array.from({ length: restartsEach }, () => "immediate stop and start"),
    ]),
};

async function trouble(context: RoundContext, names: string[]): Promise<void> {
  const { random, figures } = context;
  const environment = { ZCBOT_LIMIT_ATTEMPTS: "20" };
  const options = { environment, slowSeconds: 2, settleMs: 45_000, patienceMs: 60_000 };
  await inWorld(context, options, async (world) => {
    await world.fleet.start("all");
    if (random.chance(0.3)) await world.fleet.start("all");
    const load = await startLoad(world, random.fork("load"), {
      people: 2,
      tasks: 3,
      watchers: 2,
      patienceMs: 90_000,
    });
    for (const [number, name] of names.entries()) {
      await wait(random.whole(200, 1_000));
      await troubles[name]?.(world, random.fork(`${number} ${name}`));
      const since = performance.now();
      figures.count(`database: ${name}`);
      await timeReturn(world, since, name);
    }
    await load.stop();
  });
}

/** Until every server answers a request that needs the database, and says it is well. */
async function timeReturn(world: World, since: number, name: string): Promise<void> {
  const { figures, violate } = world.context;
  const [person] = world.people;
  if (!person) return;
  for (const { port } of world.fleet.up("api")) {
    for (;;) {
      const health = await fetch(`http://127.0.0.1:${port}/healthz`, {
        signal: AbortSignal.timeout(5_000),
      }).then(
        ({ status }) => status,
        () => 0,
      );
      const took = performance.now() - since;
      if (health === 200) {
        figures.time("from the database's return to a 200 of each server", took);
        if (took > limitMs)
          violate(`after "${name}" a server was well again only after ${took.toFixed(0)} ms`);
        break;
      }
      if (took > 3 * limitMs) return violate(`after "${name}" a server is not well again: ${health}`);
      await wait(25);
    }
  }
  await person.ask("GET", "/v1/tasks");
  const took = performance.now() - since;
  figures.time("from the database's return to an answer of the API", took);
  if (took > limitMs) violate(`after "${name}" the API answered again only after ${took.toFixed(0)} ms`);
}
