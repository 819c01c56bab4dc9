import { afterAll, beforeAll, expect, test } from "vitest";
import { type OwnPostgres, startOwnPostgres } from "./postgres.ts";
import { runRounds } from "./run-rounds.ts";
import type { Scenario } from "./scenario.ts";
import { createCrash } from "./scenarios/crash.ts";
import { streams } from "./scenarios/streams.ts";
import { takeoverByKill } from "./scenarios/takeover.ts";

// A short pass with a fixed seed; `npm run chaos` makes the long ones, with seeds of its own.

let postgres: OwnPostgres;

beforeAll(async () => {
  postgres = await startOwnPostgres();
});
afterAll(() => postgres.stop());

const promises: [promise: string, scenario: Scenario][] = [
  [
    "a server that is killed loses nothing it acknowledged, does nothing twice, and its runs end",
    createCrash("crash-short", 2),
  ],
  ["another server goes on with the runs of one that is killed", takeoverByKill],
  ["no watcher misses an event or sees one twice, connections being cut", streams],
];

test.for(promises)("%s", { timeout: 120_000 }, async ([, scenario]) => {
  const { violations } = await runRounds({ scenario, postgres, seed: "npm test", rounds: 1 });
  expect(violations).toEqual([]);
});
