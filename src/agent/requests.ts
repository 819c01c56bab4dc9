import type { ChatToolCall } from "../protocol/message.ts";
import type { AskedRequest } from "../protocol/request.ts";
import type { AgentEvent } from "./agent.ts";
import { parseArguments } from "./arguments.ts";
import type { Tool } from "./tools/tool.ts";

/** Whether a person has to allow the calls of a tool: null, or how long to wait before silence counts as a no. */
export type NeedsApproval = (tool: string) => { waitMs: number } | null;

/** Why a call has to wait for a person, if it has to. */
export type Gate = { kind: "question" } | { kind: "approval"; waitMs: number };

/** What was asked once stays a gate, though leave may no longer be needed: the answer may have been no. */
export function findGate(
  tool: Tool,
  needsApproval: NeedsApproval | undefined,
  asked: AskedRequest | undefined,
): Gate | undefined {
  if (tool.question) return { kind: "question" };
  const approval = needsApproval?.(tool.definition.name);
  if (approval) return { kind: "approval", waitMs: approval.waitMs };
  return asked && { kind: "approval", waitMs: 0 };
}

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
