import type { Health } from "../protocol/server.ts";
import type { EgressEntry } from "../workspace/network/egress-proxy.ts";
import { openSandbox } from "../workspace/sandbox/open-sandbox.ts";
import { findLauncher, plainSandbox } from "../workspace/sandbox/plain.ts";
import type { CommandLimits, Sandbox } from "../workspace/sandbox/sandbox.ts";
import { searchProgram } from "../workspace/search/ripgrep.ts";
import type { Config } from "./settings/config.ts";
import { StartError } from "./start-error.ts";

/** What the agent's commands run in. */
export interface ChosenSandbox {
  /** Where commands run; searches of the agent, too. */
  sandbox: Sandbox;
  /** Whether the agent has a shell at all. */
  commands: boolean;
  /** The level as /healthz, the page and the log say it. */
  shown: Health["sandbox"];
  /** Why it is not stronger, in sentences for the operator. */
  notes: readonly string[];
}

/** Is told of every connection that a command made, or wanted, in that directory. */
export type EgressLog = (entry: EgressEntry, directory: string) => void;

const installAdvice =
  "apt-get install bubblewrap (or your system's package of that name) gives the strict level.";
const permitAdvice =
  "The system must let this user make namespaces: look at the sysctls user.max_user_namespaces, kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns.";
/** How bwrap and unshare say that they may not. */
const forbidden = /namespace|unshare|uid.map/;

/**
 * Decides, at start, how commands run, by trying it out. Without an isolating level there is a shell only for
 * the one user of local mode, and where the operator has declared that the surroundings isolate. Throws StartError where
 * what is set cannot be met.
 */
export async function chooseSandbox(config: Config, log: EgressLog = () => {}): Promise<ChosenSandbox> {
  const chosen = await choose(config, log);
  if (config.networkAllow.length === 0 || chosen.shown === "strict") return chosen;
  await chosen.sandbox.close();
  const problem = "ZCBOT_NETWORK_ALLOW can be kept to only at the strict level, which is not the one here.";
  throw new StartError([problem, ...chosen.notes], 2);
}

async function choose(config: Config, log: EgressLog): Promise<ChosenSandbox> {
  const { sandbox: wanted, local } = config;
  if (wanted === "external") return openPlain("external", []);
  if (wanted === "disabled") return openDisabled(["ZCBOT_SANDBOX=disabled is set."]);
  if (wanted === "off") {
    if (!local)
      throw new StartError(["ZCBOT_SANDBOX=off is only for local mode, where zcbot serves one user."], 2);
    return openPlain("off", ["ZCBOT_SANDBOX=off is set."]);
  }
  const opened = await openSandbox(wanted, {
    hidden: [config.dataDir, ...(config.file ? [config.file] : [])],
    readable: config.sandboxRead,
    skills: config.skillsDir,
    programs: [searchProgram],
    userFiles: config.sandboxFiles === "user",
    limits: commandLimits(config),
    shared: !local,
    ...(config.networkAllow.length > 0 && { network: { allow: config.networkAllow, log } }),
  });
  if (!("problems" in opened)) {
    return { sandbox: opened, commands: true, shown: opened.level, notes: opened.lacks };
  }
  const { problems } = opened;
  const reasons = [...problems, problems.some((line) => forbidden.test(line)) ? permitAdvice : installAdvice];
  if (wanted !== "auto") {
    throw new StartError([`ZCBOT_SANDBOX=${wanted} cannot be met here.`, ...reasons], 2);
  }
  if (local) return openPlain("off", reasons);
  return openDisabled(reasons);
}

async function openPlain(level: "external" | "off", notes: readonly string[]): Promise<ChosenSandbox> {
  const sandbox = plainSandbox(await findLauncher(), level, notes);
  return { sandbox, commands: true, shown: level, notes };
}

/** Searches remain: they start one program that only reads. */
async function openDisabled(notes: readonly string[]): Promise<ChosenSandbox> {
  return { ...(await openPlain("off", notes)), commands: false, shown: "disabled" };
}

function commandLimits({ limits }: Config): CommandLimits {
  return {
    memoryBytes: limits.commandMemoryBytes,
    processes: limits.commandProcesses,
    temporaryBytes: limits.commandTemporaryBytes,
    fileBytes: limits.userBytes,
  };
}
