import type { Config } from "./config.ts";
import { StartError } from "./start-error.ts";

/** What the agent's commands run in. */
export interface Sandbox {
  /** Whether the agent has a shell at all. */
  commands: boolean;
  /** The level as /healthz, the page and the log say it. */
  shown: "external" | "off" | "disabled";
}

/**
 * Decides, at start, how commands run. No isolating level exists yet: so there is a shell for the one user of
 * local mode, and where the operator has declared that the surroundings isolate; else none.
 */
export function chooseSandbox(config: Pick<Config, "sandbox" | "local">): Sandbox {
  if (config.sandbox === "external") return { commands: true, shown: "external" };
  if (config.sandbox === "strict" || config.sandbox === "reduced") {
    throw new StartError(
      [`ZCBOT_SANDBOX=${config.sandbox} cannot be met by this version. Set it to auto, or to external.`],
      2,
    );
  }
  if (config.local) return { commands: true, shown: "off" };
  if (config.sandbox === "off") {
    throw new StartError(["ZCBOT_SANDBOX=off is only for local mode, where zcbot serves one user."], 2);
  }
  return { commands: false, shown: "disabled" };
}
