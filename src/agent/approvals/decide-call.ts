import type { ApprovalAction, ApprovalRule } from "../../protocol/agent/approval.ts";
import type { Tool, Workplace } from "../tools/tool.ts";
import {
  type ApprovalLayers,
  type Approvals,
  deciding,
  type LayeredRule,
  rulesFor,
} from "./approval-layers.ts";
import {
  type Effort,
  matchesPattern,
  mayMatchPattern,
  mayMatchWords,
  wholeEffort,
  withSingleSpaces,
} from "./match-pattern.ts";
import { rememberedRule } from "./remembered-rule.ts";
import { type CommandPart, readCommand } from "./shell/command-parts.ts";
import { isLiteral } from "./shell/shell-word.ts";
import { subjectOf } from "./subject-of.ts";

/** What the rules say about a call; `reason` for the person who is asked, or for the model that is refused. */
export type Verdict =
  | { action: "allow" }
  | { action: "ask"; reason: string; rule: Omit<ApprovalRule, "action"> | undefined }
  | { action: "deny"; reason: string };

/** A rule that counts, or what holds without any. */
interface Finding {
  action: ApprovalAction;
  rule?: LayeredRule;
  /** The part of a command that it is about. */
  part?: CommandPart | undefined;
  unreadable?: string | undefined;
}

/** The strictest of what all these rules say about a call. Never throws. */
export function decideForAll(
  tool: Tool,
  input: unknown,
  { layers, above = [] }: Pick<Approvals, "layers" | "above">,
  place: Pick<Workplace, "directory" | "sandbox">,
): Verdict {
  return [layers, ...above]
    .map((each) => decideCall(tool, input, each, place))
    .reduce((worst, each) => (strictness[each.action] > strictness[worst.action] ? each : worst));
}

/** Whether the call may run, a person is to be asked, or it is refused. Never throws. */
export function decideCall(
  tool: Tool,
  input: unknown,
  layers: ApprovalLayers,
  place: Pick<Workplace, "directory" | "sandbox">,
): Verdict {
  const { name } = tool.definition;
  const rules = rulesFor(layers, (pattern) => matchesPattern(pattern, name));
  const leaves = tool.leaves?.(input);
  if (rules.length === 0 && leaves === undefined) return { action: "allow" };
  const otherwise: ApprovalAction = leaves === undefined ? "allow" : "ask";
  const subject = subjectOf(tool, input, place);
  const find = subject.kind === "command" ? readForRules(subject.text, rules) : undefined;
  const findings = deciding(rules).map((list) =>
    find ? find(list, otherwise) : findPlain(list, subject.text, otherwise),
  );
  const [operator, profile, all] = findings;
  const found = [operator, profile].find((finding) => finding?.action === "deny") ?? all;
  if (!found || found.action === "allow") return { action: "allow" };
  if (found.action === "deny") return { action: "deny", reason: whyDenied(name, found) };
  // Of a command that cannot be told no rule could say which one is meant.
  const rule = found.unreadable === undefined ? rememberedRule(name, subject, found.part) : undefined;
  return { action: "ask", reason: whyAsked(found, leaves), rule };
}

/** The last rule that matches a text that is known. */
function findPlain(rules: LayeredRule[], text: string, otherwise: ApprovalAction): Finding {
  const plain = withSingleSpaces(text);
  const rule = rules.findLast(({ argument }) => argument === undefined || matchesPattern(argument, plain));
  return rule ? { action: rule.action, rule } : { action: otherwise };
}

/** Reads the command once, if any rule looks into it; gives what finds the verdict of a list of rules. */
function readForRules(
  script: string,
  rules: LayeredRule[],
): (list: LayeredRule[], otherwise: ApprovalAction) => Finding {
  if (!rules.some(({ argument }) => argument !== undefined)) {
    return (list, otherwise) => {
      const finding = findPlain(list, "", otherwise);
      return finding.action === "ask" ? { ...finding, part: readCommand(script).parts[0] } : finding;
    };
  }
  const effort = { left: wholeEffort };
  const { parts, unreadable } = readCommand(script);
  const whole = withSingleSpaces(script);
  return (list, otherwise) => {
    const findings = parts.flatMap((part): Finding[] => [
      { ...findForWords(list, part.words, part.writesFile, otherwise, effort), part },
      ...part.others.map((form) => ({ ...findStrict(list, form, effort), part })),
    ]);
    // A rule may be about several commands in a row; it allows none of them by that.
    const last = list.findLast(({ argument }) => argument !== undefined && matchesPattern(argument, whole));
    if (last && last.action !== "allow") findings.push({ action: last.action, rule: last });
    const strict = unreadable === undefined ? undefined : findStrictest(list, otherwise, unreadable);
    // What starts nothing that could be found is held against what counts for the tool as a whole.
    const basis = parts.length === 0 ? [findPlainly(list, otherwise)] : [];
    return strictest([...findings, ...basis, ...(strict ? [strict] : [])]);
  };
}

function findPlainly(list: LayeredRule[], otherwise: ApprovalAction): Finding {
  const rule = list.findLast(({ argument }) => argument === undefined);
  return rule ? { action: rule.action, rule } : { action: otherwise };
}

/** What counts for a part of a command: the last rule that matches, or one behind it that may match and is stricter. */
function findForWords(
  list: LayeredRule[],
  words: string[],
  writesFile: boolean,
  otherwise: ApprovalAction,
  effort: Effort,
): Finding {
  const text = withSingleSpaces(words.join(" "));
  const found: Finding[] = [];
  for (const rule of list.toReversed()) {
    const { argument: pattern, action } = rule;
    const isSure =
      pattern === undefined ||
      (matchesPattern(pattern, text) && (action !== "allow" || !writesFile || pattern.includes(">")));
    if (isSure) return strictest([...found, { action, rule }]);
    if (action !== "allow" && mayMatch(pattern, text, words, effort)) found.push({ action, rule });
  }
  return strictest([...found, { action: otherwise }]);
}

/** What rules about arguments forbid or ask about in one more form of a part; it allows nothing by itself. */
function findStrict(list: LayeredRule[], words: string[], effort: Effort): Finding {
  const rules = list.filter(({ argument }) => argument !== undefined);
  return findForWords(rules, words, false, "allow", effort);
}

/** For what cannot be told before it runs: whatever any rule says about arguments may be about this. */
function findStrictest(list: LayeredRule[], otherwise: ApprovalAction, unreadable: string): Finding {
  const found = list
    .filter(({ argument, action }) => argument !== undefined && action !== "allow")
    .map((rule): Finding => ({ action: rule.action, rule, unreadable }));
  return strictest([...found, findPlainly(list, otherwise)]);
}

function mayMatch(pattern: string, text: string, words: string[], effort: Effort): boolean {
  if (!isLiteral(text) && mayMatchPattern(pattern, text, effort)) return true;
  return mayMatchWords(pattern, words, effort);
}

const strictness: Record<ApprovalAction, number> = { allow: 0, ask: 1, deny: 2 };

function strictest(findings: Finding[]): Finding {
  const [first = { action: "allow" } as const, ...others] = findings;
  return others.reduce<Finding>(
    (worst, each) => (strictness[each.action] > strictness[worst.action] ? each : worst),
    first,
  );
}

const owners: Record<LayeredRule["layer"], string> = {
  operator: "of this server",
  profile: "of the model's profile",
  skill: "of the skill",
  user: "of the person",
  task: "of the task",
};

function whyDenied(tool: string, { rule, unreadable }: Finding): string {
  const name = rule ? describeRule(rule) : tool;
  const owner = rule ? owners[rule.layer] : "";
  if (unreadable !== undefined) {
    return `This call was not run: a rule ${owner} forbids ${name}, and it cannot be told whether the command does that (${unreadable}). Write the command out plainly: programs by name, no eval, no command put together from variables.`;
  }
  return `This call was not run: a rule ${owner} forbids ${name}. Do not try to reach the same in another way; go on without it, or say in your answer that it is not allowed.`;
}

function whyAsked({ rule, unreadable }: Finding, leaves: string | undefined): string {
  if (!rule) return leaves ?? "It leaves the sandbox.";
  const doubt =
    unreadable === undefined ? "" : ` It cannot be told whether this command does that (${unreadable}).`;
  return `A rule ${owners[rule.layer]} wants you to be asked about ${describeRule(rule)}.${doubt}`;
}

function describeRule({ tool, argument }: LayeredRule): string {
  return argument === undefined ? `the tool ${tool}` : `${tool} with "${argument}"`;
}
