import type { ChatToolCall } from "../protocol/message.ts";
import { cleanText } from "../protocol/text.ts";
import type { AgentSink } from "./agent.ts";
import { mendArguments, parseArguments } from "./arguments.ts";
import type { ConversationMessage } from "./model/model.ts";
import { findTool } from "./repair/find-tool.ts";
import type { StepAnswer } from "./step.ts";
import type { Tool } from "./tools/tool.ts";

/** What the calls of a conversation are told apart and named by. */
export interface Naming {
  tools: Tool[];
  callIds: Set<string>;
  /** What the model shall read of how its calls were understood, by their ids. */
  said: Map<string, string>;
}

/** A naming that knows the calls there are. */
export function createNaming(tools: Tool[], conversation: readonly ConversationMessage[]): Naming {
  const calls = conversation.flatMap(({ payload }) =>
    payload.role === "assistant" ? (payload.tool_calls ?? []) : [],
  );
  return { tools, callIds: new Set(calls.map((call) => call.id)), said: new Map() };
}

/**
 * Hands the answer over as events and as the message to store; gives its tool calls under unique ids. One that
 * `goesOn` is cut off, and the next answer is the rest of it.
 */
export function recordReply(
  { reply, end }: StepAnswer,
  naming: Naming,
  goesOn: boolean,
  sink: AgentSink,
): ChatToolCall[] {
  const toolCalls = reply.toolCalls.map((call) => cleanCall(call, naming));
  for (const { id, function: called } of toolCalls) {
    const parsed = parseArguments(called.arguments);
    const shown = "value" in parsed ? parsed.value : called.arguments;
    sink.event({ type: "tool_call", id, name: called.name, arguments: shown });
  }
  const content = cleanText(reply.text);
  sink.message({
    payload: {
      role: "assistant",
      content: content.trim() === "" && toolCalls.length > 0 ? null : content,
      ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
    },
    usage: reply.usage,
    providerData: reply.providerData,
    ...(goesOn && { notes: { cut: true } }),
  });
  for (const event of end) sink.event(event);
  return toolCalls;
}

/**
 * Some models number their calls anew in every answer; in a conversation an id must name one call. A tool under
 * another name is called by its own from here on.
 */
function cleanCall(call: ChatToolCall, { tools, callIds, said }: Naming): ChatToolCall {
  const given = cleanText(call.id) || "call";
  let id = given;
  for (let count = 2; callIds.has(id); count++) id = `${given}-${count}`;
  callIds.add(id);
  const wanted = cleanText(call.function.name);
  const name = findTool(wanted, tools)?.definition.name ?? wanted;
  if (name !== wanted) said.set(id, `There is no tool ${JSON.stringify(wanted)}: ${name} was taken.`);
  return {
    id,
    type: "function",
    function: { name, arguments: mendArguments(cleanText(call.function.arguments)) },
  };
}
