import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookAtServers } from "../../../server/runs/mcp.ts";
import { chooseSandbox } from "../../../server/sandbox-level.ts";
import type { Config } from "../../../server/settings/config.ts";
import { StartError } from "../../../server/start-error.ts";
import { type Check, ok, warning } from "../report.ts";

const name = "tools (MCP)";

/** Connects to each of the operator's servers of tools; one that is away keeps no server from starting. */
export async function checkMcp(config: Config, signal: AbortSignal): Promise<Check[]> {
  if (Object.keys(config.mcpServers).length === 0) return [];
  const chosen = await chooseSandbox(config).catch((error) => {
    if (error instanceof StartError) return undefined;
    throw error;
  });
  // The check of the sandbox has told of it.
  if (!chosen) return [];
  const folder = await realpath(await mkdtemp(join(tmpdir(), "zcbot-doctor-")));
  try {
    const found = await lookAtServers(config.mcpServers, chosen.sandbox, folder, signal);
    return found.map(({ name: server, error, tools }) =>
      error === null
        ? ok(name, `${server}: ${tools} tools`)
        : warning(
            name,
            `${server}: ${error}`,
            "Runs go on without its tools. Look at mcpServers in zcbot.jsonc.",
          ),
    );
  } finally {
    await chosen.sandbox.close();
    await rm(folder, { recursive: true, force: true });
  }
}
