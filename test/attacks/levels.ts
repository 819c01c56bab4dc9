import { openSandbox } from "../../src/workspace/sandbox/open-sandbox.ts";
import type { CommandLimits, Sandbox } from "../../src/workspace/sandbox/sandbox.ts";
import { effort } from "./effort.ts";

/** Small limits, so that a test soon reaches them. */
export const smallLimits: CommandLimits = {
  memoryBytes: 2 ** 27,
  processes: 64,
  temporaryBytes: 2 ** 24,
  fileBytes: 2 ** 25,
};

export type AttackedLevel = "strict" | "reduced";

/** A sandbox of a level, for directories below `data`; or why there is none here. `reduced`: as without bubblewrap. */
export function openLevel(level: AttackedLevel, data: string): Promise<Sandbox | { problems: string[] }> {
  return openSandbox(level, {
    hidden: [data],
    readable: [],
    skills: `${data}/skills`,
    programs: [],
    userFiles: false,
    limits: smallLimits,
    shared: false,
    ...(level === "reduced" && { bubblewrap: null }),
  });
}

/** Which levels can be attacked on this machine. Those that cannot are named on standard error: nothing is proved of them. */
export async function findLevels(): Promise<AttackedLevel[]> {
  const found: AttackedLevel[] = [];
  for (const level of effort.levels) {
    const sandbox = await openLevel(level, "/nowhere");
    if ("problems" in sandbox) console.warn(`NOT ATTACKED: ${level}: ${sandbox.problems.join(" ")}`);
    else {
      found.push(level);
      await sandbox.close();
    }
  }
  return found;
}
