import type { ModelServer, RecordedRequest } from "../support/model-server.ts";
import { type Part, says, type Turn } from "../support/model-turn.ts";
import type { Random } from "./random.ts";

/** What one message asks of the scripted model: steps, the last of which is the answer. */
export interface Plan {
  /** Names the message everywhere: in its text, in its commands, in the files they write. */
  token: string;
  steps: Step[];
}

/**
 * text: says something. bash: adds its mark to the file `effects`, then sleeps a moment; slow: for the time that is
 * set; long: for a minute. twice: two such commands and a read between them. write: writes its mark into a file of
 * its own. ask: asks the person and waits.
 */
export type Step = "text" | "bash" | "slow" | "long" | "twice" | "write" | "read" | "ask";

const tools: readonly Step[] = ["bash", "bash", "slow", "twice", "write", "read"];

/** Names the processes that a round's commands start: it stands in their command lines. */
export interface PlanOptions {
  marker: string;
  /** Between two pieces of text, milliseconds. */
  paceMs: number;
  /** Pieces of text before each step. */
  pieces: number;
  /** How long a `slow` command takes, seconds. */
  slowSeconds: number;
}

export function randomPlan(random: Random, token: string, most = 4): Plan {
  const count = random.whole(0, most - 1);
  return { token, steps: [...Array.from({ length: count }, () => random.pick(tools)), "text"] };
}

/** The message that carries a plan to the model and back. */
export function writePlan({ token, steps }: Plan): string {
  return `请按计划做 #${token}# [${steps.join(" ")}]`;
}

export function readPlan(content: string): Plan | undefined {
  const match = /#([\w-]+)# \[([a-z ]+)\]/.exec(content);
  return match ? { token: match[1] ?? "", steps: (match[2] ?? "").split(" ") as Step[] } : undefined;
}

/** The mark of a command in `effects`: the message's token, the step, and which of its commands. */
export function effectMark(token: string, step: number, call: number): string {
  return `${token}.${step}.${call}`;
}

interface WireMessage {
  role: string;
  content?: unknown;
}

/**
 * What the model says to a conversation, which alone decides it: asked again after a crash it says the same. It
 * goes on with the last message that carries a plan; what was put in between only gets into the conversation.
 */
export function planTurn(messages: WireMessage[], options: PlanOptions): Turn {
  const start = messages.findLastIndex(
    ({ role, content }) => role === "user" && typeof content === "string" && readPlan(content),
  );
  const plan = readPlan(String(messages[start]?.content ?? ""));
  if (!plan) return says("好的。");
  const index = messages.slice(start + 1).filter(({ role }) => role === "assistant").length;
  const step = plan.steps[index] ?? "text";
  const parts: Part[] = Array.from({ length: options.pieces }, (_, piece) => ({
    text: `第${index + 1}步${piece + 1} ${plan.token} `,
  }));
  return {
    parts: [...parts, ...callsOf(step, plan.token, index, options)],
    paceMs: options.paceMs,
    usage: { input: 100 + index, output: 10 + index },
  };
}

function callsOf(step: Step, token: string, index: number, { marker, slowSeconds }: PlanOptions): Part[] {
  const call = (number: number, name: string, input: object): Part => ({
    toolCall: { id: `call_${token}_${index}_${number}`, name, arguments: JSON.stringify(input) },
  });
  const append = (number: number, seconds: number): Part => {
    const mark = effectMark(token, index, number);
    // The name of the program says whose it is: whatever of it is left is found by its command line.
    const rest = seconds > 0 ? ` && exec -a ${marker}-${token} sleep ${seconds}` : "";
    return call(number, "bash", { command: `echo ${mark} >> effects${rest}` });
  };
  switch (step) {
    case "bash":
      return [append(0, 0.02)];
    case "slow":
      return [append(0, slowSeconds)];
    case "long":
      return [append(0, 60)];
    case "twice":
      return [append(0, 0), call(1, "read", { path: "effects" }), append(2, 0.05)];
    case "write":
      return [call(0, "write", { path: `out-${token}-${index}`, content: effectMark(token, index, 0) })];
    case "ask":
      return [call(0, "ask", { question: `${token} 选哪个？`, choices: [{ label: "甲" }, { label: "乙" }] })];
    case "read":
      return [call(0, "read", { path: "effects" })];
    case "text":
      return [];
  }
}

/** Makes a model server follow plans. `onRequest` hears of each request before it is answered. */
export function followPlans(
  models: ModelServer,
  options: PlanOptions,
  onRequest: (request: RecordedRequest, index: number) => void = () => {},
): void {
  models.handle((request, index) => {
    onRequest(request, index);
    return planTurn((request.body.messages ?? []) as WireMessage[], options);
  });
}
