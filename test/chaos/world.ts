import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type ModelServer, startModelServer } from "../support/model-server.ts";
import { jwtSecret, modelEnvironment, platformKey } from "../support/server.ts";
import { createHistory, type History } from "./client/history.ts";
import { createPerson, type Person } from "./client/person.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { createFleet, type Fleet } from "./fleet.ts";
import { checkConversations, checkPosts } from "./invariants/conversation.ts";
import { checkEffects } from "./invariants/effects.ts";
import { findProcesses, markerVariable } from "./invariants/processes.ts";
import { checkRunLogs } from "./invariants/run-log.ts";
import { countUnfinished, isUnfinished, readStored, type Stored } from "./invariants/stored.ts";
import { checkStreams, checkWatches } from "./invariants/watches.ts";
import { followPlans, type PlanOptions } from "./plan.ts";
import type { ChaosDatabase } from "./postgres.ts";
import type { RoundContext } from "./scenario.ts";

/** All that one round has: empty when it begins, checked and removed when it ends. */
export interface World {
  context: RoundContext;
  /** Stands in the command line of every process that the round's commands start. */
  marker: string;
  /** Where the servers' logs are. */
  folder: string;
  dataDir: string;
  database: ChaosDatabase;
  fleet: Fleet;
  /** Before the servers that take requests: clients come in here, a connection to any that is up. */
  door: FaultProxy;
  models: ModelServer;
  history: History;
  people: Person[];
  /** The tasks' directories, by name. */
  directories: string[];
  /** Told of what happens, for whoever waits for a step. */
  hooks: { onRequest?: (index: number) => void; onFrame?: (event: string, seq: number) => void };
  /** A new user, signed in through the door. */
  addPerson(): Promise<Person>;
}

export interface WorldOptions extends Partial<Omit<PlanOptions, "marker">> {
  /** Environment of all servers. */
  environment?: Record<string, string>;
  /** Where the data folder is to be; by default in a temporary folder. */
  dataDir?: string;
  /** Codes of errors that runs may end with. */
  mayFail?: RegExp;
  /** Whether runs may end as cancelled. */
  mayCancel?: boolean;
  /** Where the models are, if not behind a scripted server that follows plans. */
  ownModel?: boolean;
  /** How long everything may take to come to its end after the trouble, milliseconds. */
  settleMs?: number;
  /** How long a client tries one thing, milliseconds. */
  patienceMs?: number;
}

/** Makes a world, lets `trouble` happen in it, waits until all has come to its end, and checks what must hold. */
export async function inWorld(
  context: RoundContext,
  options: WorldOptions,
  trouble: (world: World) => Promise<void>,
): Promise<Stored> {
  const world = await createWorld(context, options);
  let violations = 0;
  const violate = (what: string) => {
    violations += 1;
    context.violate(`${what} [logs in ${world.folder}]`);
  };
  world.context = { ...context, violate };
  try {
    await trouble(world);
    await settle(world, options.settleMs ?? 30_000);
    return await check(world, options);
  } catch (error) {
    violate(`the round could not be finished: ${error instanceof Error ? error.stack : error}`);
    throw error;
  } finally {
    await world.fleet.close();
    await world.door.close();
    await world.models.close();
    await world.database.drop();
    if (violations === 0) await rm(world.folder, { recursive: true, force: true });
  }
}

async function createWorld(context: RoundContext, options: WorldOptions): Promise<World> {
  const { postgres, random } = context;
  const marker = `chaos-${randomUUID().slice(0, 8)}`;
  const folder = await mkdtemp(join(tmpdir(), "zcbot-chaos-"));
  const dataDir = options.dataDir ?? join(folder, "data");
  const [database, models] = [await postgres.createDatabase(), await startModelServer({ record: false })];
  const chance = random.fork("networks").next;
  const fleet = createFleet({
    folder,
    databaseName: database.name,
    databaseTarget: postgres.target,
    chance,
    environment: {
      [markerVariable]: marker,
      ZCBOT_DATA: dataDir,
      ZCBOT_PLATFORM_KEY: platformKey,
      ZCBOT_JWT_SECRET: jwtSecret,
      ZCBOT_SANDBOX: "external",
      ...modelEnvironment(models),
      ...options.environment,
    },
  });
  const doorRandom = random.fork("door");
  const door = await startFaultProxy({
    chance,
    target() {
      const up = fleet.up("api");
      return up.length > 0 ? { host: "127.0.0.1", port: doorRandom.pick(up).port } : undefined;
    },
  });
  const history = createHistory();
  const world: World = {
    context,
    marker,
    folder,
    dataDir,
    database,
    fleet,
    door,
    models,
    history,
    people: [],
    directories: [],
    hooks: {},
    async addPerson() {
      const url = `http://127.0.0.1:${door.port}`;
      const person = await createPerson({ url, history, patienceMs: options.patienceMs ?? 30_000 });
      world.people.push(person);
      return person;
    },
  };
  if (!options.ownModel) {
    const { paceMs = 5, pieces = 4, slowSeconds = 0.4 } = options;
    followPlans(models, { marker, paceMs, pieces, slowSeconds }, (_, index) =>
      world.hooks.onRequest?.(index),
    );
  }
  return world;
}

function dump(value: unknown): string {
  return JSON.stringify(value, (_, each) => (each instanceof Map ? Object.fromEntries(each) : each), 1);
}

/** Where a user's directories are on the disk. */
export function userRoot(world: World, { userId }: Pick<Person, "userId">): string {
  return join(world.dataDir, "workspace", "users", userId);
}

/** Waits until every run has ended and no message waits. What does not end in time is found by the checks. */
async function settle(world: World, settleMs: number): Promise<void> {
  const deadline = performance.now() + settleMs;
  while (performance.now() < deadline) {
    if ((await countUnfinished(world.database.database.pool)) === 0) return;
    await wait(50);
  }
}

async function check(world: World, { mayFail, mayCancel = false }: WorldOptions): Promise<Stored> {
  const { context, history, database, fleet, marker } = world;
  const commands = findProcesses(marker).commands;
  const connections = await database.database.pool.query<{ count: number }>(
    "select count(*)::int as count from pg_stat_activity where datname = current_database() and application_name like 'zcbot%'",
  );
  // A pool of 20 and two that listen, for each.
  const most = 22 * fleet.servers.filter(({ state }) => state !== "gone").length;
  const held = connections.rows[0]?.count ?? 0;
  await fleet.close();
  const left = await findLeft(world);
  const stored = await readStored(database.database.pool);
  const effects = await checkEffects(
    stored,
    world.people.map((person) => userRoot(world, person)),
  );
  const isKept = ({ taskId }: { taskId: string }) => !history.deleted.has(taskId);
  const faults = [
    ...fleet.accidents,
    ...new Set(history.faults),
    ...commands.map((process) => `a command is left when all runs have ended: ${process}`),
    ...left.map((process) => `a process of a killed server is left: ${process}`),
    ...(held > most ? [`${held} connections to the database are held, ${most} would do`] : []),
    ...stored.runs
      .filter(isUnfinished)
      .map(
        (run) =>
          `run ${run.run_id} does not end: ${run.status}, owner ${run.lease_owner}, attempt ${run.attempt}`,
      ),
    ...stored.pending.map(({ pending_id }) => `message ${pending_id} waits for ever`),
    ...checkRunLogs(stored),
    ...checkConversations(stored),
    ...checkPosts(history.posts.filter(isKept), stored),
    ...checkWatches(history.watches.filter(isKept), stored),
    ...checkStreams(history.streams, stored),
    ...effects.faults,
  ];
  for (const run of stored.runs) {
    if (run.status === "error" && !mayFail?.test(run.error_code ?? "")) {
      faults.push(`run ${run.run_id} failed with ${run.error_code}`);
    }
    if (run.status === "cancelled" && !mayCancel) faults.push(`run ${run.run_id} was cancelled by nobody`);
  }
  for (const fault of faults) context.violate(fault);
  // For whoever looks for the cause: the database as it was found, and what the clients saw.
  if (faults.length > 0) await writeFile(join(world.folder, "found.json"), dump({ stored, history }));
  tally(world, stored, effects);
  return stored;
}

/** What is left of killed servers a second later. */
async function findLeft({ marker, fleet }: World): Promise<string[]> {
  const pids = fleet.servers.map(({ pid }) => pid);
  const find = () => Object.values(findProcesses(marker, pids)).flat();
  for (let attempt = 0; attempt < 20 && find().length > 0; attempt++) await wait(50);
  return find();
}

function tally(
  { context, history }: World,
  stored: Stored,
  effects: { commands: number; unknown: number },
): void {
  const { figures } = context;
  for (const { status } of stored.runs) figures.count(`runs ${status}`);
  figures.count("runs taken over or handed over", stored.runs.filter(({ attempt }) => attempt > 1).length);
  for (const { outcome } of history.posts) figures.count(`messages ${outcome}`);
  const all = [...stored.events.values()];
  figures.count(
    "events in the logs",
    all.reduce((sum, { length }) => sum + length, 0),
  );
  figures.count("resumed events", all.flat().filter(({ type }) => type === "resumed").length);
  figures.count(
    "connections of watchers",
    history.watches.reduce((sum, watch) => sum + watch.connections.length, 0),
  );
  figures.count(
    "frames compared with the log",
    history.watches
      .flatMap(({ connections }) => connections)
      .reduce((sum, { frames }) => sum + frames.length, 0),
  );
  figures.count("commands with an effect", effects.commands);
  figures.count("commands with an unknown outcome", effects.unknown);
  for (const [status, count] of history.answers) figures.count(`answers ${status || "none"}`, count);
}
