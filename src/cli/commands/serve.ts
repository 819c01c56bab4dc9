import { once } from "node:events";
import { styleText } from "node:util";
import { createLogger } from "../../server/log.ts";
import type { ChosenSandbox } from "../../server/sandbox-level.ts";
import { createServer } from "../../server/server.ts";
import { loadConfig, readEnvironment } from "../../server/settings/config.ts";
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
  if (config.models.default === "demo") tell(demoText);
  tellOfSandbox(server.sandbox);
  if (!interrupt.signal.aborted) await once(interrupt.signal, "abort");
  logger.info("stopping");
  await server.close();
  interrupt.release();
  return exitCode.ok;
}

const demoText =
  "No model key is set: the built-in demo answers, which only follows simple instructions. For a real model set, " +
  "for example, ZCBOT_MODEL=openai/gpt-5 and OPENAI_API_KEY.";

function tellOfSandbox({ shown, notes }: ChosenSandbox): void {
  const reasons = notes.join(" ");
  if (shown === "off") tell(`Commands of the agent are not isolated, they may do what you may. ${reasons}`);
  if (shown === "reduced") tell(`Commands of the agent are isolated at the level "reduced". ${reasons}`);
  if (shown === "disabled") tell(`The agent runs no commands. ${reasons}`);
}

function tell(text: string): void {
  process.stderr.write(`${styleText("yellow", text, { stream: process.stderr })}\n`);
}
