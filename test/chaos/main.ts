/**
 * Makes trouble and checks what must hold all the same:
 *
 *     npm run chaos -- [--rounds N] [--from N] [--seed S] [scenario ...]
 *
 * Every violation prints the seed and the round that repeat it. Exit code 1 where there was one.
 */
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { startOwnPostgres } from "./postgres.ts";
import { runRounds } from "./run-rounds.ts";
import { scenarios } from "./scenarios/scenarios.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "1" },
    from: { type: "string", default: "1" },
    seed: { type: "string", default: randomUUID().slice(0, 8) },
  },
});
const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
if (unknown.length > 0) {
  console.error(`There is no scenario ${unknown.join(", ")}. There are:`);
  for (const { name, about } of scenarios) console.error(`  ${name.padEnd(10)} ${about}`);
  process.exit(2);
}
const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const { seed } = values;
console.log(`seed ${seed}`);

// Ctrl-C lets the round at work come to its end, and shows what there is by then.
const stopping = new AbortController();
process.once("SIGINT", () => stopping.abort());

const postgres = await startOwnPostgres();
let failures = 0;
try {
  for (const scenario of chosen) {
    if (stopping.signal.aborted) break;
    const reason = await scenario.impossible?.();
    if (reason) {
      console.log(`\n${scenario.name}: skipped, ${reason}`);
      continue;
    }
    console.log(`\n${scenario.name}: ${scenario.about}`);
    const { violations, figures } = await runRounds({
      scenario,
      postgres,
      seed,
      rounds: Number(values.rounds),
      from: Number(values.from),
      say: (line) => console.log(line),
      signal: stopping.signal,
    });
    failures += violations.length;
    for (const line of figures.lines()) console.log(`  ${line}`);
    console.log(`  ${violations.length} violations`);
  }
} finally {
  await postgres.stop();
}
// Connections that were cut must not keep the process.
process.exit(failures > 0 ? 1 : 0);
