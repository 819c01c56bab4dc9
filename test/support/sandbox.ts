import { join } from "node:path";
import { openSandbox, type SandboxOptions } from "../../src/workspace/sandbox/open-sandbox.ts";
import type { Sandbox } from "../../src/workspace/sandbox/sandbox.ts";
import { searchProgram } from "../../src/workspace/search/ripgrep.ts";

/** What a server's sandbox is opened with, for tests without a server. */
export const sandboxOptions: SandboxOptions = {
  hidden: [],
  readable: [],
  skills: join(import.meta.dirname, "../../skills"),
  programs: [searchProgram],
  userFiles: false,
  limits: {
    memoryBytes: 512 * 2 ** 20,
    processes: 64,
    temporaryBytes: 32 * 2 ** 20,
    fileBytes: 64 * 2 ** 20,
  },
  shared: false,
};

/** A sandbox of that level; null where the machine does not give it. */
export async function openTestSandbox(
  level: "strict" | "reduced",
  more: Partial<SandboxOptions> = {},
): Promise<Sandbox | null> {
  const opened = await openSandbox(level, { ...sandboxOptions, ...more });
  return "problems" in opened ? null : opened;
}
