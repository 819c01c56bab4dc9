import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { ChaosServer } from "./fleet.ts";
import type { Random } from "./random.ts";
import { userRoot, type World } from "./world.ts";

/** A moment at which something is to happen to a server. */
export interface Point {
  name: string;
  /** Calls `hit` once, in the very moment; gives what calls it off. */
  arm(world: World, server: ChaosServer, hit: () => void): () => void;
}

export type PointKind = (count: number) => Point;

/** The marked steps of a server's work. `count` says which one of its kind. */
export const pointKinds: Record<string, PointKind> = {
  /** A statement has left the server and reaches no database. */
  "before a statement": (count) => databasePoint("before a statement", "up", count, false),
  /** The database has done it; the server never hears of it. */
  "after a statement": (count) => databasePoint("after a statement", "down", count, false),
  /** A statement is on its way, and done after the server's death. */
  "during a statement": (count) => databasePoint("during a statement", "up", count, true),
  /** The model has got a request. */
  "model request": (count) => ({
    name: `model request ${count}`,
    arm(world, _server, hit) {
      let seen = 0;
      world.hooks.onRequest = () => ++seen === count && hit();
      return () => {
        world.hooks.onRequest = undefined;
      };
    },
  }),
  /** A watcher has seen an event. */
  "event seen": (count) => ({
    name: `event seen ${count}`,
    arm(world, _server, hit) {
      let seen = 0;
      world.hooks.onFrame = () => ++seen === count && hit();
      return () => {
        world.hooks.onFrame = undefined;
      };
    },
  }),
  /** A command has had its effect, and may still be at work. */
  "effect done": (count) => ({
    name: `effect ${count}`,
    arm(world, _server, hit) {
      let before: number | undefined;
      const timer = setInterval(async () => {
        const size = await effectBytes(world);
        before ??= size;
        // A mark has ten bytes or so.
        if (size >= before + 10 * count) {
          clearInterval(timer);
          hit();
        }
      }, 4);
      return () => clearInterval(timer);
    },
  }),
};

/** Some moment or other, milliseconds from now. */
export function timePoint(milliseconds: number): Point {
  return {
    name: `${milliseconds} ms`,
    arm(_world, _server, hit) {
      const timer = setTimeout(hit, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}

export function randomPoint(random: Random): Point {
  if (random.chance(0.3)) return timePoint(random.whole(0, 1_200));
  const kind = random.pick(Object.keys(pointKinds));
  const most: Record<string, number> = { "model request": 8, "event seen": 60, "effect done": 4 };
  return (
    (pointKinds[kind] ?? pointKinds["before a statement"])?.(random.whole(1, most[kind] ?? 120)) ??
    timePoint(0)
  );
}

/** Kills the server when the point is reached, or when the patience for that is over; says which. */
export async function killAt(
  world: World,
  server: ChaosServer,
  point: Point,
  patienceMs: number,
): Promise<{ reached: boolean }> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), patienceMs);
  const disarm = point.arm(world, server, () => {
    // In the same breath: what the server was about to do next must not happen.
    void server.kill();
    resolve(true);
  });
  const reached = await promise;
  clearTimeout(timer);
  disarm();
  await server.kill();
  return { reached };
}

function databasePoint(kind: string, at: "up" | "down", count: number, forward: boolean): Point {
  return {
    name: `${kind} ${count}`,
    arm(_world, server, hit) {
      server.database.tap((direction, number) => {
        if (direction !== at || number !== count) return true;
        hit();
        return forward;
      });
      return () => server.database.tap(undefined);
    },
  };
}

async function effectBytes(world: World): Promise<number> {
  let bytes = 0;
  for (const person of world.people) {
    for (const directory of world.directories) {
      bytes += await stat(join(userRoot(world, person), directory, "effects")).then(
        ({ size }) => size,
        () => 0,
      );
    }
  }
  return bytes;
}
