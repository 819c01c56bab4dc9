import type { ApprovalRule } from "../../protocol/agent/approval.ts";
import type { SkillSummary } from "./skill.ts";

/** Names that skills written for other agents use, lower case, and ours. */
const otherNames: Record<string, string> = {
  webfetch: "fetch",
  websearch: "search_web",
  task: "delegate",
  agent: "delegate",
  todowrite: "todo",
  askuserquestion: "ask",
  multiedit: "edit",
  ls: "list",
};

/**
 * The rules that a skill's `allowed-tools` stands for: what the format means is that these calls need not be asked about
 * while the skill is in use. They go before everybody's rules, so that any of those outranks them. A user's own skill has
 * none: what it was uploaded with must not decide what nobody is asked.
 */
export function allowedTools({ source, allowedTools }: SkillSummary): ApprovalRule[] {
  if (source !== "built_in") return [];
  return allowedTools.flatMap((entry) => {
    const [, name = "", argument] = /^([^()]+)(?:\(([^)]*)\))?$/.exec(entry) ?? [];
    if (name === "" || name.length > 200) return [];
    const tool = otherNames[name.toLowerCase()] ?? (name.startsWith("mcp__") ? name : name.toLowerCase());
    if (argument === undefined || argument === "*") return [{ tool, action: "allow" }];
    // `git:*` is how others write "git and whatever follows".
    return [{ tool, argument: argument.replace(/:\*$/, " *"), action: "allow" }];
  });
}
