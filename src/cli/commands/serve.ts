import { once } from "node:events";
import { styleText } from "node:util";
import { loadConfig, readEnvironment } from "../../server/config.ts";
import { createLogger } from "../../server/log.ts";
import { createServer } from "../../server/server.ts";
import { exitCode } from "../exit-code.ts";
import { listenForInterrupt } from "../interrupt.ts";

export interface ServeOptions {
  host?: string;
  port?: string;
  data?: string;
  role?: string;
}

/** Serves until a signal comes, then ends runs and streams with a word. Throws StartError where it cannot start. */
export async function serve({ host, port, data, role }: ServeOptions): Promise<number> {
  const interrupt = listenForInterrupt();
  const flags = { host, port, role, dataDir: data };
  const config = loadConfig({ flags, environment: readEnvironment(), cwd: process.cwd() });
  const logger = createLogger(config.logLevel);
  const server = await createServer(config, logger);
  process.stdout.write(`zcbot is ready: ${server.signInLink ?? server.url}\n`);
  if (config.models.default === "demo") tellOfDemo();
  if (!interrupt.signal.aborted) await once(interrupt.signal, "abort");
  logger.info("stopping");
  await server.close();
  interrupt.release();
  return exitCode.ok;
}

function tellOfDemo(): void {
  const text =
    "No model key is set: the built-in demo answers, which only follows simple instructions. For a real model set, " +
    "for example, ZCBOT_MODEL=openai/gpt-5 and OPENAI_API_KEY.";
  process.stderr.write(`${styleText("yellow", text, { stream: process.stderr })}\n`);
}
