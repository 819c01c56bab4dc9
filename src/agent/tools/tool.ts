import type { z } from "zod";
import type { MessageNotes } from "../../protocol/message.ts";
import type { GivenAnswer, Request } from "../../protocol/request.ts";
import type { Directory } from "../../workspace/directory.ts";
import type { BackgroundProcesses } from "../../workspace/processes/background-processes.ts";
import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import type { AgentEvent } from "../agent.ts";
import type { Delegation } from "../delegate/delegation.ts";
import type { ConversationMessage, Model, ToolDefinition } from "../model/model.ts";
import type { Skills } from "../skills/skills.ts";

/**
 * What a tool changes, and so what may be done after a crash in the middle of a call: `pure` and
 * `idempotent` calls may run again, of the others only the outcome can be asked for.
 */
export type ToolEffect = "pure" | "idempotent" | "workspace" | "external";

/** Where the tools work. */
export interface Workplace {
  /** The task's working directory; nothing outside it can be named. */
  directory: Directory;
  /** All of the user's files: for what tools keep there themselves, never for paths that a model names. */
  userRoot: Directory;
  /** What runs commands and searches in it. */
  sandbox: Sandbox;
  /** What goes on beside the run. */
  processes: BackgroundProcesses;
  /** The skills that the user has. */
  skills: Skills;
}

export interface ToolContext extends Workplace {
  /** The id of the call. */
  callId: string;
  /** The model that made the call. */
  model: Pick<Model, "facts">;
  /** The conversation so far, as it is stored. */
  conversation: readonly ConversationMessage[];
  signal: AbortSignal;
  /** Says something that watchers see and the model does not. */
  say(event: ToolEvent): void;
  /** Live output, shown while the tool runs. */
  report(text: string): void;
  /** What the person said to the tool's question. */
  answer?: GivenAnswer;
  /** What a sub-agent is made of. */
  delegation?: Delegation;
}

/** What a tool may say beside its outcome. */
export type ToolEvent = Extract<AgentEvent, { type: "todo" | "notice" | "usage" | "delegated" }>;

/** What a tool asks a person, and how long it waits before `fallback` counts as the answer; for ever by default. */
export interface Question extends Pick<Request, "question" | "choices" | "multiple" | "fallback"> {
  waitMs?: number;
}

/** `content` is what the model reads, already within its limit. */
export interface ToolOutcome {
  content: string;
  isError: boolean;
  /** Kept with the message that answers the call: pictures to show, files seen. */
  notes?: MessageNotes;
}

/**
 * What a call is about: what the `argument` of approval rules is held against. Texts stand here as the model gave
 * them; whoever compares them brings them into one form.
 */
export interface CallSubject {
  kind: "command" | "path" | "address";
  text: string;
}

export interface Tool {
  readonly definition: ToolDefinition;
  readonly effect: ToolEffect;
  /** The effect of one call, where calls differ. */
  effectOf?(input: unknown): ToolEffect;
  /** What the arguments must be; a call that breaks it is answered with the faults and never executed. */
  readonly parameters: z.ZodType;
  /** Where given, a call is executed only once a person has answered this. */
  question?(input: unknown): Question;
  /** Where not given, rules can tell the tool's calls apart by its name only. */
  subject?(input: unknown): CallSubject;
  /**
   * Where a call would have an effect outside the user's files and the sandbox: in a few English words for the person
   * who is asked ("It opens https://example.com/."); undefined for a call that stays inside.
   */
  leaves?(input: unknown): string | undefined;
  /** Never rejects but with the signal's reason: a failure is an outcome with `isError`. */
  execute(input: unknown, context: ToolContext): Promise<ToolOutcome>;
}
