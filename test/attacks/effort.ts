import { readEnvironment } from "../../src/server/settings/config.ts";

/** How much of the attacks is made: a part of each corpus, always the same, in `npm test`, all of it by `npm run attacks`. */
export interface Effort {
  isLong: boolean;
  /** How long things are swapped under the server's hands, milliseconds. */
  raceMs: number;
  /** The levels of the sandbox that are attacked; those that cannot be had here are left out and named. */
  levels: readonly ("strict" | "reduced")[];
}

const environment = readEnvironment();
const isLong = environment.ATTACKS === "long";
const level = environment.ATTACKS_LEVEL;

export const effort: Effort = {
  isLong,
  raceMs: isLong ? 60_000 : 1_000,
  levels: level === "strict" || level === "reduced" ? [level] : ["strict", "reduced"],
};
