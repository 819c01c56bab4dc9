import { z } from "zod";
import {
  type AgentEvent,
  type AgentInput,
  type AgentOutcome,
  type AgentSink,
  type NewMessage,
  runAgent,
} from "../../src/agent/agent.ts";
import { showAll } from "../../src/agent/context/context-keeper.ts";
import type {
  Model,
  ModelDelta,
  ModelError,
  ModelFacts,
  ModelReply,
  ModelRequest,
} from "../../src/agent/model/model.ts";
import { noSkills } from "../../src/agent/skills/skills.ts";
import type { Tool, ToolContext, ToolEffect, ToolOutcome } from "../../src/agent/tools/tool.ts";
import type { Directory } from "../../src/workspace/directory.ts";
import { BackgroundProcesses } from "../../src/workspace/processes/background-processes.ts";
import type { Sandbox } from "../../src/workspace/sandbox/sandbox.ts";

/** One answer of a scripted model. */
export type Answer = (
  request: ModelRequest,
  onDelta: (delta: ModelDelta) => void,
  signal: AbortSignal,
) => ModelReply | Promise<ModelReply>;

/** What every scripted answer is said to have cost. */
export const usage = { tokensIn: 10, tokensOut: 3, cached: 4, cacheWrites: 0, reasoning: 1 };
/** What is known of the scripted model. */
export const facts: ModelFacts = {
  profile: "scripted",
  contextWindow: 100_000,
  maxOutputTokens: undefined,
  vision: true,
  prices: { input: 1, output: 2, cached: 0.5 },
};
/** A place that nothing is read from, and no command run in. */
export const workplace = {
  directory: { hostPath: "/主机/目录" } as Directory,
  userRoot: { hostPath: "/主机" } as Directory,
  sandbox: { pathInside: (path) => path } as Sandbox,
  processes: new BackgroundProcesses(),
  skills: noSkills,
};

/** Streams the text character by character. */
export function says(text: string, finishReason: ModelReply["finishReason"] = "stop"): Answer {
  return (_request, onDelta) => {
    for (const piece of text) onDelta({ type: "text", text: piece });
    return { text, toolCalls: [], finishReason, usage };
  };
}

/** Asks for tools and says nothing. */
export function calls(...wanted: [name: string, args: string, id?: string][]): Answer {
  return () => ({
    text: "",
    toolCalls: wanted.map(([name, args, id], index) => ({
      id: id ?? `${name}-${index}`,
      type: "function",
      function: { name, arguments: args },
    })),
    finishReason: "tool_calls",
    usage,
  });
}

/** Says a part, then fails. */
export function fails(error: ModelError, partial = ""): Answer {
  return (_request, onDelta) => {
    if (partial) onDelta({ type: "text", text: partial });
    throw error;
  };
}

/** Streams the text, then stays silent until the signal comes. */
export function stalls(text: string, onSilence: () => void): Answer {
  return (_request, onDelta, signal) => {
    onDelta({ type: "text", text });
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      onSilence();
    });
  };
}

/** A tool whose work is `run`; a text it returns is its content. */
export function tool(
  name: string,
  effect: ToolEffect,
  run: (path: string, context: ToolContext) => unknown,
): Tool {
  const parameters = z.object({ path: z.string(), limit: z.number().optional() });
  return {
    definition: { name, description: name, parameters: z.toJSONSchema(parameters) },
    effect,
    parameters,
    async execute(input, context): Promise<ToolOutcome> {
      const result = await run(parameters.parse(input).path, context);
      return { content: typeof result === "string" ? result : `${name} 完成`, isError: false };
    },
  };
}

/** A tool that changes nothing and answers with the path it was given. */
export const read = tool("read", "pure", (path) => `内容：${path}`);

/** What a run did. */
export interface Trace {
  outcome: AgentOutcome;
  events: AgentEvent[];
  messages: NewMessage[];
  requests: ModelRequest[];
  /** What was handed over to be kept of the context, newest last. */
  contexts: unknown[];
  /** Events and the roles of messages in their common order. */
  order: string[];
}

/** Runs the agent on a script of answers and keeps all it hands over. */
export async function run(
  answers: Answer[],
  more: Partial<AgentInput> & { signal?: AbortSignal; committed?: AgentSink["committed"] } = {},
): Promise<Trace> {
  const { signal = new AbortController().signal, committed = async () => {}, ...input } = more;
  const trace: Omit<Trace, "outcome"> = { events: [], messages: [], requests: [], contexts: [], order: [] };
  const model: Model = {
    id: "脚本模型",
    facts,
    async call(request, onDelta, aborted) {
      trace.requests.push(request);
      const answer = answers.shift();
      if (!answer) throw new Error("the script has no further answer");
      return answer(request, onDelta, aborted);
    },
  };
  const sink: AgentSink = {
    event(event) {
      trace.events.push(event);
      trace.order.push(event.type);
    },
    message(message) {
      trace.messages.push(message);
      trace.order.push(`message:${message.payload.role}`);
      return trace.messages.length;
    },
    context: (record) => void trace.contexts.push(record),
    committed,
  };
  const outcome = await runAgent(
    {
      context: showAll("你是助手"),
      conversation: [{ payload: { role: "user", content: "你好" } }],
      tools: [read],
      model,
      workplace,
      maxSteps: 10,
      ...input,
    },
    sink,
    signal,
  );
  return { outcome, ...trace };
}

/** The contents of all tool results, in the order they came. */
export function results(trace: Trace): string[] {
  return trace.events.flatMap((event) => (event.type === "tool_result" ? [event.content] : []));
}

/** Whether every tool call is answered, after its message and before the next one. */
export function isAnswered(messages: NewMessage[]): boolean {
  const open = new Set<string>();
  for (const { payload } of messages) {
    if (payload.role === "tool") {
      if (!open.delete(payload.tool_call_id)) return false;
    } else {
      if (open.size > 0) return false;
      if (payload.role === "assistant") for (const call of payload.tool_calls ?? []) open.add(call.id);
    }
  }
  return open.size === 0;
}
