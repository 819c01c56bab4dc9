import type { ChatToolCall } from "../protocol/message.ts";
import type { AskedRequest, Request } from "../protocol/request.ts";
import type { AgentEvent } from "./agent.ts";
import type { Approvals } from "./approvals/approval-layers.ts";
import { decideForAll } from "./approvals/decide-call.ts";
import { parseArguments } from "./arguments.ts";
import type { Tool, Workplace } from "./tools/tool.ts";

/** Why a call has to wait for a person, if it has to. */
export type Gate =
  | { kind: "question" }
  | { kind: "approval"; waitMs: number; reason?: string; rule?: Request["rule"] };

/** What stands before a call: nothing, a person, or a no, in words for the model. */
export function findGate(
  { tool, input }: { tool: Tool; input: unknown },
  approvals: Approvals | undefined,
  asked: AskedRequest | undefined,
  place: Workplace,
): { gate: Gate | undefined } | { fault: string } {
  const verdict = approvals && decideForAll(tool, input, approvals, place);
  if (verdict?.action === "deny") return { fault: verdict.reason };
  if (tool.question) return { gate: { kind: "question" } };
  if (verdict?.action === "ask") {
    const { reason, rule } = verdict;
    const waitMs = approvals?.waitMs ?? null;
    if (waitMs === null) return { fault: `${nobodyToAsk} ${reason}` };
    return { gate: { kind: "approval", waitMs, reason, ...(rule && { rule }) } };
  }
  // What was asked once stays a gate, though leave may no longer be needed: the answer may have been no.
  return { gate: asked && { kind: "approval", waitMs: 0 } };
}

const nobodyToAsk =
  "This call was not run: a person has to allow it, and you cannot ask one. Report back what is to be done and why, so that it can be asked for.";

/** The event that asks a person about a call. */
export function askPerson(
  call: ChatToolCall,
  tool: Tool,
  input: unknown,
  gate: Gate,
): Extract<AgentEvent, { type: "request" }> {
  const base = { type: "request", request_id: crypto.randomUUID(), call_id: call.id } as const;
  if (gate.kind === "approval") {
    const { name, arguments: text } = call.function;
    const parsed = parseArguments(text);
    return {
      ...base,
      kind: "approval",
      tool: name,
      arguments: "value" in parsed ? parsed.value : text,
      ...(gate.reason !== undefined && { reason: gate.reason }),
      ...(gate.rule && { rule: gate.rule }),
      ...until(gate.waitMs),
      fallback: { decision: "deny", note: "Nobody answered in time." },
    };
  }
  const { waitMs, fallback, ...question } = tool.question?.(input) ?? { question: "" };
  return {
    ...base,
    kind: "question",
    ...question,
    ...(waitMs === undefined ? { deadline: null } : until(waitMs)),
    ...(fallback && { fallback }),
  };
}

/** The time is shown by this server's clock; what counts is how long, by the database's. */
function until(milliseconds: number): { deadline: string; wait_seconds: number } {
  const deadline = new Date(Date.now() + milliseconds).toISOString();
  return { deadline, wait_seconds: milliseconds / 1000 };
}
