import type { Figures } from "./figures.ts";
import type { OwnPostgres } from "./postgres.ts";
import type { Random } from "./random.ts";

/** What a round of a scenario is given. */
export interface RoundContext {
  postgres: OwnPostgres;
  /** Repeats with the seed, the scenario and the round. */
  random: Random;
  /** From 1. */
  round: number;
  figures: Figures;
  /** A promise was broken. */
  violate(what: string): void;
}

/** A way of making trouble, and of seeing that nothing came of it. */
export interface Scenario {
  name: string;
  /** What is done, in a sentence. */
  about: string;
  /** Why it cannot be done on this machine; undefined where it can. */
  impossible?(): Promise<string | undefined>;
  /** One round: on a database, a data folder and servers of its own. */
  run(context: RoundContext): Promise<void>;
}
