import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDirectory } from "../../workspace/open-directory.ts";
import { findLauncher, plainSandbox } from "../../workspace/sandbox/plain.ts";
import { UserSpace } from "../../workspace/space/disk-space.ts";
import { McpClients } from "./mcp-clients.ts";
import type { McpServer } from "./mcp-server.ts";

const program = join(import.meta.dirname, "../../../test/support/mcp/program.ts");
/** Writes on and on beside the server, which goes on speaking. */
const greedy =
  'while :; do head -c 1000000 /dev/zero >> "满"; sleep 0.05; done & exec "$0" --no-warnings "$@"';

test("a program that fills the disk between calls is ended", async () => {
  const path = await realpath(await mkdtemp(join(tmpdir(), "zcbot-满-")));
  const directory = await openDirectory(path, new UserSpace(path, { userBytes: 2_000_000, freeBytes: 0 }));
  const sandbox = plainSandbox(await findLauncher(), "external", []);
  const reach = { resolve: async () => [], connect: () => expect.fail("nothing is reached") };
  const clients = new McpClients({ sandbox, reach });
  const server: McpServer = {
    ...{ name: "plain", source: "operator", approval: undefined, tools: undefined },
    reach: {
      kind: "stdio",
      command: "/bin/sh",
      args: ["-c", greedy, process.execPath, program, "plain", "0"],
      env: {},
    },
  };
  try {
    const session = await clients.connect(server, { userId: "甲", directory }, new AbortController().signal);
    await new Promise<void>((resolve) => {
      if (session.closed.aborted) resolve();
      session.closed.addEventListener("abort", () => resolve());
    });
    // Done when nothing of it is left.
    await session.close();
  } finally {
    await clients.close();
    await sandbox.close();
    await rm(path, { recursive: true });
  }
});
