/**
 * Asks a real server whatever its OpenAPI document lets one ask, and what it does not, and checks every answer:
 *
 *     npm run fuzz -- [--requests N] [--seed S] [--from ROUND] [--lanes N]
 *
 * Every violation prints the requests that led to it, and the seed and the round that repeat them. Exit code 1 where
 * there was one.
 */
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { startOwnPostgres } from "../chaos/postgres.ts";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "10000" },
    seed: { type: "string", default: randomUUID().slice(0, 8) },
    from: { type: "string", default: "1" },
    lanes: { type: "string", default: "16" },
  },
});
console.log(`seed ${values.seed}`);

// Ctrl-C lets the rounds at work come to their end, and shows what there is by then.
const stopping = new AbortController();
process.once("SIGINT", () => stopping.abort());

const postgres = await startOwnPostgres();
let failed = true;
try {
  const { name, drop } = await postgres.createDatabase();
  const databaseUrl = postgres.urlOf(name);
  const { violations, lines } = await fuzz({
    databaseUrl,
    seed: values.seed,
    requests: Number(values.requests),
    from: Number(values.from),
    lanes: Number(values.lanes),
    say: (line) => console.log(line),
    signal: stopping.signal,
  });
  failed = violations.length > 0;
  console.log(`\n${lines.join("\n")}`);
  await drop();
} finally {
  await postgres.stop();
}
process.exit(failed ? 1 : 0);
