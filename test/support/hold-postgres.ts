import { createLogger } from "../../src/server/log.ts";
import { startEmbeddedPostgres } from "../../src/server/store/postgres/embedded-postgres.ts";

// A server in miniature, to be killed: node hold-postgres.ts <folder> prints Postgres' pid, then waits for
// a line on stdin; "exit" leaves without stopping Postgres.
const server = await startEmbeddedPostgres({
  folder: process.argv[2] ?? "",
  logger: createLogger("error"),
});
process.stdout.write(`${server.pid}\n`);
process.stdin.once("data", () => process.exit(0));
