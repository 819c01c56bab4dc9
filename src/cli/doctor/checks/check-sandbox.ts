import { type ChosenSandbox, chooseSandbox } from "../../../server/sandbox-level.ts";
import type { Config } from "../../../server/settings/config.ts";
import { type Check, failed, ok, warning, wordsOf } from "../report.ts";

const name = "sandbox";

/** Looks at what the agent's commands would run in here, by trying it out; `commands`: whether there would be any. */
export async function checkSandbox(config: Config): Promise<{ checks: Check[]; commands: boolean }> {
  let chosen: ChosenSandbox;
  try {
    chosen = await chooseSandbox(config);
  } catch (error) {
    return { checks: [failed(name, wordsOf(error))], commands: false };
  }
  await chosen.sandbox.close();
  return { checks: [describeLevel(config, chosen), describeContainment(chosen)], commands: chosen.commands };
}

function describeLevel(config: Config, { shown, notes }: ChosenSandbox): Check {
  const said = `${shown} (ZCBOT_SANDBOX=${config.sandbox}, ${config.local ? "local mode" : "not local mode"})`;
  const reasons = notes.join(" ");
  switch (shown) {
    case "strict": {
      const network = config.networkAllow.length > 0 ? "the allowed hosts" : "no network";
      return ok(
        name,
        `${said}: commands see their task's directory and programs, reach ${network}, and have limits`,
      );
    }
    case "reduced":
      return warning(name, `${said}: commands are isolated, but not as well as they could be`, reasons);
    case "external":
      return ok(name, `${said}: commands run, you declared that they are isolated`);
    case "disabled":
      return warning(name, `${said}: the agent has no shell`, reasons);
    case "off":
      return warning(
        name,
        `${said}: commands run as the user who starts zcbot, with all of that user's rights`,
        reasons,
      );
  }
}

function describeContainment({ sandbox }: ChosenSandbox): Check {
  if (sandbox.containment === "namespace") {
    return ok("containment", "each command has a pid namespace, which ends with the server whatever happens");
  }
  const text =
    "each command has a process group only: one that leaves it may outlive a server that is killed";
  const advice =
    "Let this user make pid namespaces (`unshare --user --pid` must work, setpriv be installed).";
  return warning("containment", text, advice);
}
