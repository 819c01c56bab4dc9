import { createFigures, type Figures } from "./figures.ts";
import type { OwnPostgres } from "./postgres.ts";
import { createRandom } from "./random.ts";
import type { Scenario } from "./scenario.ts";

export interface RoundsOptions {
  scenario: Scenario;
  postgres: OwnPostgres;
  seed: string;
  rounds: number;
  /** The first round: with the seed of a violation, its round alone can be repeated. */
  from?: number;
  say?: (line: string) => void;
  /** No round is begun any more. */
  signal?: AbortSignal;
}

export interface RoundsResult {
  violations: string[];
  figures: Figures;
}

/** Rounds of one scenario, one after the other; every violation carries what it takes to repeat it. */
export async function runRounds({
  scenario,
  postgres,
  seed,
  rounds,
  from = 1,
  say,
  signal,
}: RoundsOptions): Promise<RoundsResult> {
  const figures = createFigures();
  const violations: string[] = [];
  for (let round = from; round < from + rounds && !signal?.aborted; round++) {
    const violate = (what: string) => {
      const line = `VIOLATION ${scenario.name} seed ${seed} round ${round}: ${what}`;
      violations.push(line);
      say?.(line);
    };
    const [began, before] = [performance.now(), violations.length];
    // The round before may have broken off while it was down.
    await postgres.start();
    await scenario
      .run({ postgres, round, figures, violate, random: createRandom(`${seed}/${scenario.name}/${round}`) })
      .catch((error: unknown) => {
        if (violations.length === before)
          violate(`the round broke off: ${error instanceof Error ? error.stack : error}`);
      });
    figures.count("rounds");
    figures.time("a round", performance.now() - began);
  }
  return { violations, figures };
}
