import { readEnvironment } from "../../src/server/config.ts";

/** How much of the attacks is made: a seeded part of each corpus in `npm test`, all of it by `npm run attacks`. */
export interface Effort {
  isLong: boolean;
  /** How long things are swapped under the server's hands, milliseconds. */
  raceMs: number;
  /** Chooses the part; printed where something fails. */
  seed: string;
  /** The levels of the sandbox that are attacked; those that cannot be had here are left out and named. */
  levels: readonly ("strict" | "reduced")[];
}

const environment = readEnvironment();
const isLong = environment.ATTACKS === "long";
const level = environment.ATTACKS_LEVEL;

export const effort: Effort = {
  isLong,
  raceMs: Number(environment.ATTACKS_RACE_MS ?? (isLong ? 60_000 : 1_000)),
  seed: environment.ATTACKS_SEED ?? "npm test",
  levels: level === "strict" || level === "reduced" ? [level] : ["strict", "reduced"],
};
