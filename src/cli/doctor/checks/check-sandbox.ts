import type { Config } from "../../../server/config.ts";
import { chooseSandbox } from "../../../server/sandbox-level.ts";
import { findLauncher } from "../../../workspace/processes/launcher.ts";
import { type Check, failed, ok, warning, wordsOf } from "../report.ts";

const name = "sandbox";

/** Looks at what the agent's commands would run in here. */
export async function checkSandbox(config: Config): Promise<Check[]> {
  const level = await chooseLevel(config);
  return level.state === "failed" ? [level] : [level, await checkContainment()];
}

async function chooseLevel(config: Config): Promise<Check> {
  try {
    const { shown } = chooseSandbox(config);
    const said = `${shown} (ZCBOT_SANDBOX=${config.sandbox}, ${config.local ? "local mode" : "not local mode"})`;
    if (shown === "disabled") {
      const advice = "Set ZCBOT_SANDBOX=external only where the surroundings isolate, such as a container.";
      return warning(name, `${said}: the agent has no shell`, advice);
    }
    if (shown === "external") return ok(name, `${said}: commands run, you declared that they are isolated`);
    return ok(name, `${said}: commands run as the user who starts zcbot, with all of that user's rights`);
  } catch (error) {
    return failed(name, wordsOf(error));
  }
}

async function checkContainment(): Promise<Check> {
  const { containment } = await findLauncher();
  if (containment === "namespace") {
    return ok("containment", "each command has a pid namespace, which ends with the server whatever happens");
  }
  const text =
    "each command has a process group only: one that leaves it may outlive a server that is killed";
  const advice =
    "Let this user make pid namespaces (`unshare --user --pid` must work, setpriv be installed).";
  return warning("containment", text, advice);
}
