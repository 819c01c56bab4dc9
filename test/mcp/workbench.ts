import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { McpClients } from "../../src/agent/mcp/mcp-clients.ts";
import type { McpServer } from "../../src/agent/mcp/mcp-server.ts";
import type { Directory } from "../../src/workspace/directory.ts";
import { openDirectory } from "../../src/workspace/open-directory.ts";
import { findLauncher, plainSandbox } from "../../src/workspace/sandbox/plain.ts";
import type { Sandbox } from "../../src/workspace/sandbox/sandbox.ts";
import { openTestSandbox } from "../support/sandbox.ts";

const root = join(import.meta.dirname, "../..");

/** A working directory, the strongest sandbox that works here, and a client in it. */
export interface Workbench extends AsyncDisposable {
  directory: Directory;
  sandbox: Sandbox;
  clients: McpClients;
  /** A program of this checkout as a server: its path below the root, and its arguments. */
  program(name: string, path: string, args?: string[], env?: Record<string, string>): McpServer;
}

/**
 * Inside the sandbox this checkout stands where skills do, as its own path may be covered by the working directory. Not
 * `isolated`: without one.
 */
export async function openWorkbench(isolated = true): Promise<Workbench> {
  const options = { skills: root, programs: [process.execPath] };
  const strict = isolated ? await openTestSandbox("strict", options) : null;
  const sandbox = strict ?? plainSandbox(await findLauncher(), "external", []);
  const directory = await openDirectory(await realpath(await mkdtemp(join(tmpdir(), "zcbot-工具-"))));
  const reach = {
    resolve: async () => [],
    connect() {
      throw new Error("nothing is reached");
    },
  };
  const clients = new McpClients({ sandbox, reach });
  const [command, place] = strict ? ["/run/zcbot/node", "/skills"] : [process.execPath, root];
  return {
    directory,
    sandbox,
    clients,
    program(name, path, args = [], env = {}) {
      const reach = { kind: "stdio" as const, command, args: [join(place, path), ...args], env };
      return { name, source: "operator", reach, approval: undefined, tools: undefined };
    },
    async [Symbol.asyncDispose]() {
      await clients.close();
      await sandbox.close();
      await rm(directory.hostPath, { recursive: true });
    },
  };
}
