import { createLogger } from "../../src/server/log.ts";
import { createServer } from "../../src/server/server.ts";
import { loadConfig, readEnvironment } from "../../src/server/settings/config.ts";

/** The server as a bare process for the tests of crashes: prints its address, ends on SIGTERM. */
const config = loadConfig({ environment: readEnvironment(), cwd: process.cwd() });
const server = await createServer(config, createLogger("error"));
console.log(server.url);
process.once("SIGTERM", () => void server.close());
