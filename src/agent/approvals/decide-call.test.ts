import { expect, test } from "vitest";
import { z } from "zod";
import { harmless, pushes, removals } from "../../../test/support/approvals/evasions.ts";
import { nestings } from "../../../test/support/approvals/nestings.ts";
import type { ApprovalRule } from "../../protocol/agent/approval.ts";
import type { Directory } from "../../workspace/directory.ts";
import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import { defineTool } from "../tools/define-tool.ts";
import type { Tool } from "../tools/tool.ts";
import type { ApprovalLayers } from "./approval-layers.ts";
import { decideCall, type Verdict } from "./decide-call.ts";

const bash = defineTool({
  name: "bash",
  description: "bash",
  effect: "external",
  parameters: z.object({ command: z.string() }),
  subject: ({ command }) => ({ kind: "command", text: command }),
  execute: async () => "done",
});

const place = {
  directory: { hostPath: "/主机/目录" } as Directory,
  sandbox: { pathInside: (path) => path } as Sandbox,
};

function judge(command: string, rules: ApprovalRule[], tool: Tool = bash): Verdict["action"] {
  return decideCall(tool, { command }, { user: rules }, place).action;
}

const noPush: ApprovalRule[] = [{ tool: "bash", argument: "git push*", action: "deny" }];
const noRemoval: ApprovalRule[] = [{ tool: "bash", argument: "rm -rf*", action: "deny" }];

/** Those of the commands that the rules do not judge so. */
function judgedOtherwise(commands: string[], rules: ApprovalRule[], action: Verdict["action"]): string[] {
  return commands.filter((command) => judge(command, rules) !== action);
}

test("a rule about git push finds it in every spelling", () => {
  expect(pushes.length).toBeGreaterThan(150);
  expect(judgedOtherwise(pushes, noPush, "deny")).toEqual([]);
});

test("a rule about rm -rf finds it in every spelling", () => {
  expect(removals.length).toBeGreaterThan(40);
  expect(judgedOtherwise(removals, noRemoval, "deny")).toEqual([]);
});

test("rules about git push and rm -rf leave other commands alone", () => {
  expect(judgedOtherwise(harmless, [...noPush, ...noRemoval], "allow")).toEqual([]);
});

/** The verdict on a command under several layers of rules. */
function under(command: string, layers: ApprovalLayers, tool: Tool = bash): Verdict {
  return decideCall(tool, { command }, layers, place);
}

test("of all rules that match the last one counts", () => {
  const rules: ApprovalRule[] = [
    { tool: "bash", action: "ask" },
    { tool: "bash", argument: "git *", action: "allow" },
    { tool: "*", argument: "git push*", action: "deny" },
  ];
  expect(judge("git status", rules)).toBe("allow");
  expect(judge("ls", rules)).toBe("ask");
  expect(judge("git push", rules)).toBe("deny");
  expect(judge("git push", [...rules, { tool: "bash", argument: "git push origin*", action: "allow" }])).toBe(
    "deny",
  );
  expect(
    judge("git push origin x", [...rules, { tool: "bash", argument: "git push origin*", action: "allow" }]),
  ).toBe("allow");
});

test("later layers outrank earlier ones, but not a no of the operator or of the profile", () => {
  const allow: ApprovalRule[] = [{ tool: "bash", argument: "git push*", action: "allow" }];
  const ask: ApprovalRule[] = [{ tool: "bash", action: "ask" }];
  expect(under("git push", { operator: ask, task: allow }).action).toBe("allow");
  expect(under("git push", { user: allow, task: ask }).action).toBe("ask");
  expect(under("git push", { user: noPush, task: allow }).action).toBe("allow");
  expect(under("git push", { operator: noPush, profile: allow, user: allow, task: allow }).action).toBe(
    "deny",
  );
  expect(under("git push", { profile: noPush, user: allow, task: allow }).action).toBe("deny");
  expect(under("git push", { operator: [...noPush, ...allow], task: allow }).action).toBe("allow");
});

test("a command is allowed where each of its parts is", () => {
  const rules: ApprovalRule[] = [
    { tool: "bash", action: "ask" },
    { tool: "bash", argument: "git status*", action: "allow" },
    { tool: "bash", argument: "ls*", action: "allow" },
  ];
  const allowed = [
    "git status",
    "git  status -s && ls",
    "timeout 5 git status",
    "if git status; then ls; fi",
    "ls $(git status)",
    "/usr/bin/git status",
    "ls > /dev/null 2>&1",
  ];
  const asked = [
    "git status; rm x",
    "git status $(rm x)",
    "ls | sh",
    "sudo ls",
    "LD_PRELOAD=x ls",
    "git -c core.pager=x status",
    "./ls",
    "ls > .bashrc",
    "ls <(rm x)",
    "$x",
    "x=1",
    "ls 'unfinished",
    "",
  ];
  expect(judgedOtherwise(allowed, rules, "allow")).toEqual([]);
  expect(judgedOtherwise(asked, rules, "ask")).toEqual([]);
});

test("what cannot be told is asked about where any rule looks into commands", () => {
  const rules: ApprovalRule[] = [{ tool: "bash", argument: "git push*", action: "ask" }];
  const verdict = under("$(cat 秘密)", { user: rules });
  expect(verdict).toMatchObject({ action: "ask", rule: undefined });
  expect(judge("$(cat 秘密)", [{ tool: "bash", argument: "ls*", action: "allow" }])).toBe("allow");
  expect(judge(`${"(".repeat(10_000)}ls`, rules)).toBe("ask");
  expect(judge(`${"$(".repeat(10_000)}ls`, rules)).toBe("ask");
  expect(judge(`ls ${"x".repeat(200_000)}`, rules)).toBe("ask");
});

test("what leaves the sandbox is asked about, unless a rule allows it", () => {
  const outside: Tool = { ...bash, leaves: () => "Commands are not isolated here." };
  expect(under("git push origin 主线", {}, outside)).toEqual({
    action: "ask",
    reason: "Commands are not isolated here.",
    rule: { tool: "bash", argument: "git push*" },
  });
  const allow: ApprovalRule[] = [{ tool: "bash", argument: "git push*", action: "allow" }];
  expect(under("git push origin", { task: allow }, outside).action).toBe("allow");
  expect(under("git push && ls", { task: allow }, outside)).toMatchObject({
    action: "ask",
    rule: { tool: "bash", argument: "ls*" },
  });
});

test("what is remembered of an answer lets the same call pass, and no other", () => {
  const rules: ApprovalRule[] = [
    { tool: "bash", argument: "git push*", action: "ask" },
    { tool: "bash", argument: "make*", action: "ask" },
    { tool: "bash", argument: "rm -rf*", action: "ask" },
  ];
  const remembered = (command: string) => {
    const verdict = under(command, { user: rules });
    if (verdict.action !== "ask") throw new Error(`${command}: ${verdict.action}`);
    return verdict.rule;
  };
  expect(remembered("cd 目录 && git push origin x")).toEqual({ tool: "bash", argument: "git push*" });
  expect(remembered("make -j4")).toEqual({ tool: "bash", argument: "make*" });
  expect(remembered("sudo git push")).toEqual({ tool: "bash", argument: "sudo git push" });
  expect(remembered("git push $X")).toEqual({ tool: "bash", argument: "git push*" });
  expect(remembered("$X push")).toBeUndefined();
});

const write = defineTool({
  name: "write",
  description: "write",
  effect: "workspace",
  parameters: z.object({ path: z.string() }),
  subject: ({ path }) => ({ kind: "path", text: path }),
  execute: async () => "done",
});

test("a path is the same by whatever way it is written", () => {
  const rules: ApprovalRule[] = [{ tool: "write", argument: "合同/*", action: "deny" }];
  const verdicts = ["合同/a", "./合同/a", "合同//a", "x/../合同/a", "/主机/目录/合同/a", "合同/./b/../a"].map(
    (path) => decideCall(write, { path }, { task: rules }, place).action,
  );
  expect(new Set(verdicts)).toEqual(new Set(["deny"]));
  expect(decideCall(write, { path: "合同书/a" }, { task: rules }, place).action).toBe("allow");
});

const fetchTool = defineTool({
  name: "fetch",
  description: "fetch",
  effect: "external",
  parameters: z.object({ url: z.string() }),
  subject: ({ url }) => ({ kind: "address", text: url }),
  leaves: ({ url }) => `It opens ${url}.`,
  execute: async () => "done",
});

test("an address is the same by whatever way it is written", () => {
  const rules: ApprovalRule[] = [{ tool: "fetch", argument: "https://example.com/*", action: "deny" }];
  const verdicts = [
    "https://example.com/a",
    "HTTPS://EXAMPLE.com/a",
    "https://me:secret@example.com/a",
    "https://example.com:443/a",
    "https://example.com./a",
    " https:/example.com/a",
    "https://exa%6dple.com/a",
  ].map((url) => decideCall(fetchTool, { url }, { user: rules }, place).action);
  expect(new Set(verdicts)).toEqual(new Set(["deny"]));
  const one: ApprovalRule[] = [{ tool: "fetch", argument: "https://example.com/admin", action: "deny" }];
  for (const url of ["https://example.com/%61dmin", "https://example.com/admin#x"])
    expect(decideCall(fetchTool, { url }, { user: one }, place).action).toBe("deny");
  expect(decideCall(fetchTool, { url: "https://例子.com/页" }, {}, place)).toMatchObject({
    action: "ask",
    rule: { tool: "fetch", argument: "https://xn--fsqu00a.com/*" },
  });
});

test("a tool that says nothing of what it is about is held against its arguments", () => {
  const plain: Tool = { ...write, definition: { ...write.definition, name: "mcp__盘__put" } };
  const { subject: _, ...tool } = plain;
  const rules: ApprovalRule[] = [{ tool: "mcp__*", argument: '*"path":"密*', action: "ask" }];
  expect(decideCall(tool, { path: "密/1" }, { user: rules }, place).action).toBe("ask");
  expect(decideCall(tool, { path: "公/1" }, { user: rules }, place).action).toBe("allow");
});

test("a refusal tells the model what is not allowed, and whose word that is", () => {
  const verdict = under("git push", { operator: noPush });
  expect(verdict).toMatchObject({
    action: "deny",
    reason: expect.stringMatching(/of this server forbids bash with "git push\*"/),
  });
  expect(under("eval $x", { operator: noPush })).toMatchObject({
    reason: expect.stringMatching(/out plainly/),
  });
});

test("a command is found in places within places", () => {
  const spelt = "g'it' pu\\sh";
  const nested = nestings.flatMap((outer) => nestings.map((inner) => outer(inner(spelt, 1), 2)));
  expect(nested.length).toBeGreaterThan(600);
  expect(judgedOtherwise(nested, noPush, "deny")).toEqual([]);
  // They are read, not only taken for the worst.
  const harmlessInside = nestings.flatMap((outer) =>
    nestings.map((inner) => outer(inner("git status", 1), 2)),
  );
  expect(judgedOtherwise(harmlessInside, noPush, "allow")).toEqual([]);
});

test("a rule about a path with several spaces is found", () => {
  const rules: ApprovalRule[] = [{ tool: "read", argument: "甲  乙.md", action: "deny" }];
  const read = defineTool({
    name: "read",
    description: "read",
    effect: "pure",
    parameters: z.object({ path: z.string() }),
    subject: ({ path }) => ({ kind: "path", text: path }),
    execute: async () => "done",
  });
  const judged = ["甲  乙.md", "./甲  乙.md"].map(
    (path) => decideCall(read, { path }, { user: rules }, place).action,
  );
  expect(judged).toEqual(["deny", "deny"]);
});

test("no command keeps the server busy, however it is made, under however many rules", () => {
  const rules: ApprovalRule[] = Array.from({ length: 200 }, (_, index) => ({
    tool: "bash",
    argument: `*a*b*${"x".repeat(1_900)}${index}*`,
    action: "ask",
  }));
  // Without bounds the first alone takes minutes, and the test's time is over.
  const endless = ["ls $x;".repeat(16_000), "`a".repeat(45_000), "((".repeat(45_000)];
  expect(judgedOtherwise(endless, rules, "ask")).toEqual([]);
});
