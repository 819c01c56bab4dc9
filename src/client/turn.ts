import type { EventType, FinishReason, Notice, RunEvent, TodoItem } from "../protocol/event.ts";
import type { Answer, Request } from "../protocol/request.ts";

export type Turn = UserTurn | AssistantTurn;

export interface UserTurn {
  readonly role: "user";
  readonly text: string;
  /** Files that came with it, paths below the user's root. */
  readonly attachments: readonly string[];
}

/** What one run made of a message. A message that steers the run ends the turn and begins another one. */
export interface AssistantTurn {
  readonly role: "assistant";
  readonly status: "running" | "ok" | "cancelled" | "error";
  /** The run's place in the queue, from 1; null once it is at work, and where it is not known. */
  readonly queued: number | null;
  readonly parts: readonly Part[];
  /** The step at work, from 1; 0 before the first. */
  readonly step: number;
  /** What the run has used up to here; null while nothing of it is known. */
  readonly usage: Usage | null;
  /** The run's plan as it stands; empty where it has none, and where a stored message is all there is. */
  readonly todo: readonly TodoItem[];
  /** Of the last step, null if unknown: `length` and `content_filter` mean that the answer was cut. */
  readonly finishReason: FinishReason | null;
}

/** What a run, or the part of it that stored messages tell of, has used. */
export interface Usage {
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** Of `tokensIn`, from the provider's cache; absent where it is not told. */
  readonly cached?: number;
  /** US dollars, null where a part of it has no known price; absent where it is not told. */
  readonly cost?: number | null;
}

export type Part =
  | TextPart
  | ToolPart
  | RequestPart
  | CompactionPart
  | NoticePart
  | FallbackPart
  | ResumedPart
  | RetryPart
  | ErrorPart
  | CancelledPart;

export interface TextPart {
  readonly type: "text" | "reasoning";
  readonly step: number;
  readonly text: string;
}

export interface ToolPart {
  readonly type: "tool";
  readonly step: number;
  readonly id: string;
  readonly name: string;
  /** An object, or the raw text where it could not be parsed. */
  readonly arguments: Record<string, unknown> | string;
  /** What the tool has said while it ran. */
  readonly output: string;
  /** `unanswered`: the run ended before the call did. Stored messages do not tell errors: they read `ok`. */
  readonly state: "running" | "ok" | "error" | "unanswered";
  /** Its result; empty until then. */
  readonly content: string;
  /** null while it runs, and where a stored message is all there is. */
  readonly durationMs: number | null;
  /** What a sub-agent has done for it so far; null where there is none. */
  readonly inner: AssistantTurn | null;
}

/** What the run asks a person; it waits while `answer` is null and the turn is running. */
export interface RequestPart {
  readonly type: "request";
  readonly step: number;
  readonly request: Request;
  readonly answer: GivenAnswer | null;
}

export type GivenAnswer = Answer & Pick<DataOf<"answered">, "by">;

/** From here on the model is shown less of the conversation; sizes in tokens, about. */
export interface CompactionPart {
  readonly type: "compaction";
  readonly before: number;
  readonly after: number;
  /** What stands for the earlier messages; empty where large results alone were cut. */
  readonly summary: string;
}

/** Something that a person should know and that is no failure. */
export interface NoticePart {
  readonly type: "notice";
  readonly code: Notice;
  readonly message: string;
}

/** Another model answers from here on, as the one before failed. */
export interface FallbackPart {
  readonly type: "fallback";
  readonly model: string;
  readonly reason: string;
}

/** The run was interrupted, by the loss or the stop of its server, and went on from a step. */
export interface ResumedPart {
  readonly type: "resumed";
  readonly from: number;
  readonly reason: "server_lost" | "server_stopped";
}

/** The model call failed and is made again; goes as soon as the step says something. */
export interface RetryPart {
  readonly type: "retry";
  readonly attempt: number;
  readonly reason: string;
  readonly waitMs: number;
}

export interface ErrorPart {
  readonly type: "error";
  readonly code: string;
  readonly message: string;
}

export interface CancelledPart {
  readonly type: "cancelled";
}

type DataOf<Type extends EventType> = Extract<RunEvent, { type: Type }>;

/** A turn of which nothing has been heard. */
export const newTurn: AssistantTurn = {
  role: "assistant",
  status: "running",
  queued: null,
  parts: [],
  step: 0,
  usage: null,
  todo: [],
  finishReason: null,
};

/** Ends a turn, with a last part where there is something to say about it. */
export function endTurn(turn: AssistantTurn, status: AssistantTurn["status"], last?: Part): AssistantTurn {
  const parts = withoutRetry(turn.parts).map((part) =>
    part.type === "tool" && part.state === "running"
      ? { ...part, state: "unanswered" as const, inner: endInner(part.inner, "cancelled") }
      : part,
  );
  return { ...turn, status, queued: null, parts: last ? [...parts, last] : parts };
}

/** Ends what a sub-agent did, where that has not ended by itself. */
export function endInner(inner: AssistantTurn | null, status: AssistantTurn["status"]): AssistantTurn | null {
  return inner?.status === "running" ? endTurn(inner, status) : inner;
}

/** What the turn's run waits for a person to answer; undefined where it waits for nobody. */
export function openRequest(turn: AssistantTurn): RequestPart | undefined {
  if (turn.status !== "running") return undefined;
  const open = turn.parts.findLast((part) => part.type === "request" && part.answer === null);
  return open?.type === "request" ? open : undefined;
}

/** A call of which nothing has been heard but that it was made. */
export function startCall(step: number, id: string, name: string, given: ToolPart["arguments"]): ToolPart {
  const unheard = { output: "", state: "running", content: "", durationMs: null, inner: null } as const;
  return { type: "tool", step, id, name, arguments: given, ...unheard };
}

/** The parts without the word that a model call is made again. */
export function withoutRetry(parts: readonly Part[]): readonly Part[] {
  return parts.some((part) => part.type === "retry") ? parts.filter((part) => part.type !== "retry") : parts;
}
