import type { ChatToolCall } from "../protocol/message.ts";
import type { Answer, Request } from "../protocol/request.ts";
import type { AgentEvent } from "./agent.ts";
import { parseArguments } from "./arguments.ts";
import type { Tool } from "./tools/tool.ts";

/** Whether a person has to allow the calls of a tool: null, or how long to wait before silence counts as a no. */
export type NeedsApproval = (tool: string) => { waitMs: number } | null;

/** An answer, and where it came from. */
export type GivenAnswer = Omit<Answer, "request_id"> & { by: "person" | "deadline" };

/** A request that a run has made before. */
export interface PersonRequest {
  request: Request;
  answer: GivenAnswer | null;
  /** The run has gone on with the answer. */
  used: boolean;
}

/** Why a call has to wait for a person, if it has to. */
export type Gate = { kind: "question" } | { kind: "approval"; waitMs: number };

export function findGate(tool: Tool, needsApproval: NeedsApproval | undefined): Gate | undefined {
  if (tool.question) return { kind: "question" };
  const approval = needsApproval?.(tool.definition.name);
  return approval ? { kind: "approval", waitMs: approval.waitMs } : undefined;
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
      deadline: inFuture(gate.waitMs),
      fallback: { decision: "deny", note: "Nobody answered in time." },
    };
  }
  const { waitMs, fallback, ...question } = tool.question?.(input) ?? { question: "" };
  return {
    ...base,
    kind: "question",
    ...question,
    deadline: waitMs === undefined ? null : inFuture(waitMs),
    ...(fallback && { fallback }),
  };
}

function inFuture(milliseconds: number): string {
  return new Date(Date.now() + milliseconds).toISOString();
}
