import type { ApprovalRule } from "../../protocol/agent/approval.ts";
import { withSingleSpaces } from "./match-pattern.ts";
import type { CommandPart } from "./shell/command-parts.ts";
import { isLiteral } from "./shell/shell-word.ts";
import { isWrapper } from "./shell/wrappers.ts";
import type { KnownSubject } from "./subject-of.ts";

/**
 * What a person's decision about this call would be a rule about, for the calls to come; undefined where no pattern
 * says just that: in one a star always stands for any text.
 */
export function rememberedRule(
  tool: string,
  { kind, text }: KnownSubject,
  part: CommandPart | undefined,
): Omit<ApprovalRule, "action"> | undefined {
  if (kind === "arguments") return { tool };
  if (kind === "command") {
    const argument = part && commandPattern(part);
    return argument === undefined ? undefined : { tool, argument };
  }
  const address = kind === "address" ? URL.parse(text) : null;
  if (address) return { tool, argument: `${address.origin}/*` };
  return isPlain(text) ? { tool, argument: withSingleSpaces(text) } : undefined;
}

/** The program and, where it has some, its command: `git push*`, `make *`. What starts other programs only as it is. */
function commandPattern({ words }: CommandPart): string | undefined {
  const [name = "", second = ""] = words;
  if (!isPlain(name)) return undefined;
  if (isWrapper(name) || /^[\w[\]]+\+?=/.test(name)) {
    const whole = withSingleSpaces(words.join(" "));
    return isPlain(whole) ? whole : undefined;
  }
  return /^[a-z][a-z-]*$/.test(second) ? `${name} ${second}*` : `${name}*`;
}

function isPlain(text: string): boolean {
  return text !== "" && text.length <= 2_000 && isLiteral(text) && !text.includes("*");
}
