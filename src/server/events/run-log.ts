import type { RunEvent } from "../../protocol/event.ts";
import type { ChatMessage, MessageNotes } from "../../protocol/message.ts";
import type {
  LoggedEvent,
  LoggedMessage,
  LoggedUsage,
  RunAppend,
  RunEnd,
  Spending,
} from "../store/runs/append.ts";

/** A message to store. `usage` is what the model call that made it cost. */
export interface MessageToStore {
  payload: ChatMessage;
  usage?: { tokensIn: number; tokensOut: number };
  providerData?: Record<string, unknown> | undefined;
  notes?: MessageNotes | undefined;
}

/**
 * The writing end of one run's event log. What is handed over is numbered at once, committed with
 * the next flush, and delivered to watchers only after that.
 */
export class RunLog {
  readonly runId: string;
  readonly generation: number;
  readonly spent: Spending;
  /** Set once the server has let go of the run. */
  ended = false;
  /** How many messages wait behind the run, known once its end is committed. */
  pending = 0;
  readonly #flush: (log: RunLog, hurry: boolean) => void;
  #lastSeq: number;
  #nextIdx: number;
  #events: { seq: number; event: RunEvent }[] = [];
  #messages: LoggedMessage[] = [];
  #usage: LoggedUsage[] = [];
  #context: unknown = null;
  #end: RunEnd | null = null;
  #waiting: { resolve: () => void; reject: (reason: unknown) => void }[] = [];

  /** `flush` is asked to commit soon; without `hurry` the event may wait for the next one's company. */
  constructor(
    run: {
      runId: string;
      generation: number;
      nextIdx: number;
      lastSeq: number;
      spent: Spending;
    },
    flush: (log: RunLog, hurry: boolean) => void,
  ) {
    this.runId = run.runId;
    this.generation = run.generation;
    this.spent = { ...run.spent };
    this.#nextIdx = run.nextIdx;
    this.#lastSeq = run.lastSeq;
    this.#flush = flush;
  }

  event(event: RunEvent): void {
    if (!this.#merge(event)) {
      this.#lastSeq += 1;
      this.#events.push({ seq: this.#lastSeq, event });
    }
    if (event.type === "usage") this.#spend(event);
    this.#flush(this, event.type !== "run_start" && event.type !== "llm_start");
  }

  /** Counted by event, as an answer that says nothing costs too, and is no message. */
  #spend(usage: Extract<RunEvent, { type: "usage" }>): void {
    const { purpose, profile, model, cached, reasoning, cost } = usage;
    const call = {
      tokensIn: usage.tokens_in,
      tokensOut: usage.tokens_out,
      cached,
      reasoning,
      costNano: cost === null ? null : Math.round(cost * 1e9),
    };
    const { spent } = this;
    spent.tokensIn += call.tokensIn;
    spent.tokensOut += call.tokensOut;
    spent.cached += cached;
    spent.reasoning += reasoning;
    spent.costNano =
      spent.costNano === null || call.costNano === null ? null : spent.costNano + call.costNano;
    this.#usage.push({
      seq: this.#lastSeq,
      purpose,
      profile,
      model,
      cacheWrites: usage.cache_writes,
      ...call,
    });
  }

  /** What is left out from here on must not be shown again. */
  #tellsOfCut(): boolean {
    return this.#events.some(({ event }) => event.type === "compaction");
  }

  /** Deltas that no flush has taken yet become one event: under load the log grows by flushes, not by deltas. */
  #merge(event: RunEvent): boolean {
    const last = this.#events.at(-1);
    const merged = last && mergeDeltas(last.event, event);
    if (!last || !merged) return false;
    last.event = merged;
    return true;
  }

  /** Gives the index that the message has in the conversation. */
  message(message: MessageToStore): number {
    const { tokensIn = 0, tokensOut = 0 } = message.usage ?? {};
    this.#messages.push({
      idx: this.#nextIdx,
      payload: message.payload,
      providerData: message.providerData,
      notes: message.notes,
      tokensIn,
      tokensOut,
    });
    const idx = this.#nextIdx;
    this.#nextIdx += 1;
    this.#flush(this, true);
    return idx;
  }

  /**
   * How the model is shown the conversation from now on: committed with the event that tells of a cut, or else with the next
   * message.
   */
  context(record: unknown): void {
    this.#context = record;
  }

  /**
   * Lets go of the run: its state, and where it is over its terminal event, are committed together. Resolves once
   * they are.
   */
  end(end: RunEnd): Promise<void> {
    this.#end = end;
    this.ended = true;
    if (end.status === "error") {
      this.event({ type: "error", msg: end.errorMessage, code: end.errorCode });
    } else if (end.status === "ok" || end.status === "cancelled") {
      this.event({
        type: "done",
        status: end.status,
        tokens_in: this.spent.tokensIn,
        tokens_out: this.spent.tokensOut,
      });
    }
    return this.committed();
  }

  /** Resolves when all that was handed over so far is committed; rejects if the lease was lost. */
  committed(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#flush(this, true);
    });
  }

  /** Tells those who wait for a commit that it will not come. */
  giveUp(reason: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }

  /**
   * Hands what is to be written to the flusher, with what to call once it is committed or void. A message
   * travels with the event that follows it, so without an event (or the end) there is nothing to take. Throws what
   * keeps an event from being written as JSON.
   */
  take(): { append: RunAppend; settle: (error?: unknown) => void } | null {
    const waiting = this.#waiting;
    if (this.#events.length === 0 && this.#end === null) {
      if (this.#messages.length > 0) return null;
      this.#waiting = [];
      for (const { resolve } of waiting) resolve();
      return null;
    }
    // It may cost the first word of an answer nothing: lost in a crash, it is only made anew.
    const carriesContext =
      this.#messages.length > 0 || this.#usage.length > 0 || this.#end !== null || this.#tellsOfCut();
    const append: RunAppend = {
      runId: this.runId,
      generation: this.generation,
      events: this.#events.map(encode),
      messages: this.#messages,
      usage: this.#usage,
      spent: { ...this.spent },
      nextIdx: this.#nextIdx,
      context: carriesContext ? this.#context : null,
      end: this.#end,
    };
    if (carriesContext) this.#context = null;
    this.#events = [];
    this.#messages = [];
    this.#usage = [];
    this.#waiting = [];
    this.#end = null;
    return {
      append,
      settle: (error) => {
        for (const { resolve, reject } of waiting) error === undefined ? resolve() : reject(error);
      },
    };
  }
}

/** Two deltas of one kind as one, those of a sub-agent too; undefined where they are no such two. */
function mergeDeltas(earlier: RunEvent, event: RunEvent): RunEvent | undefined {
  if (event.type === "text" || event.type === "reasoning") {
    return earlier.type === event.type ? { ...event, text: earlier.text + event.text } : undefined;
  }
  if (event.type === "tool_output") {
    const isSame = earlier.type === "tool_output" && earlier.id === event.id;
    return isSame ? { ...event, text: earlier.text + event.text } : undefined;
  }
  if (event.type !== "delegated" || earlier.type !== "delegated" || earlier.id !== event.id) return undefined;
  // What is nested here came from an agent: it is an event of the same list.
  const merged = mergeDeltas(earlier.event as RunEvent, event.event as RunEvent);
  return merged && { ...event, event: merged };
}

function encode({ seq, event }: { seq: number; event: RunEvent }): LoggedEvent {
  if (event.type === "text") return { seq, type: "text", data: `{"text":${JSON.stringify(event.text)}}` };
  const { type, ...data } = event;
  return { seq, type, data: JSON.stringify(data) };
}
