import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTestSandbox } from "../../../test/support/sandbox.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import { findLauncher, plainSandbox } from "../../workspace/sandbox/plain.ts";
import type { Launch } from "../../workspace/sandbox/sandbox.ts";
import { McpClients } from "./mcp-clients.ts";

/** What a program that writes its variables down is started with, and what it finds. */
async function start(level: "strict" | "reduced" | undefined, env: Record<string, string>) {
  const sandbox =
    (level && (await openTestSandbox(level))) ?? plainSandbox(await findLauncher(), "external", []);
  const launches: Launch[] = [];
  const watched: typeof sandbox = {
    ...sandbox,
    async prepare(...given) {
      const launch = await sandbox.prepare(...given);
      launches.push(launch);
      return launch;
    },
  };
  const path = await realpath(await mkdtemp(join(tmpdir(), "zcbot-变量-")));
  const directory = await openDirectory(path);
  const reach = { resolve: async () => [], connect: () => expect.fail("nothing is reached") };
  const clients = new McpClients({ sandbox: watched, reach });
  try {
    const kind = "stdio" as const;
    const args = ["-c", 'printf "%s\\n" "$LD_PRELOAD" "$SECRET" > 变量; printf "%s\\n" "$PATH" >> 变量'];
    await clients.look(
      {
        ...{ name: "甲", source: "operator", approval: undefined, tools: undefined },
        reach: { kind, command: "/bin/sh", args, env },
      },
      { userId: "甲", directory },
      new AbortController().signal,
    );
    return { launches, found: (await readFile(join(path, "变量"), "utf8")).split("\n") };
  } finally {
    await clients.close();
    await sandbox.close();
    await rm(path, { recursive: true });
  }
}

test.each(["strict", "reduced", undefined] as const)(
  "variables that a person chooses reach the program, and nothing that starts its sandbox (%s)",
  async (level) => {
    const env = { LD_PRELOAD: "/不在.so", SECRET: "  机密=$(id) 'x' \\", PATH: "/自己的:/usr/bin:/bin" };
    const { launches, found } = await start(level, env);
    expect(found.slice(0, 3)).toEqual([env.LD_PRELOAD, env.SECRET, env.PATH]);
    const outside = JSON.stringify(launches.map(({ argv, env: environment }) => [argv, environment]));
    for (const value of ["不在", "机密", "自己的"]) expect(outside).not.toContain(value);
    expect(launches).toHaveLength(1);
  },
);
