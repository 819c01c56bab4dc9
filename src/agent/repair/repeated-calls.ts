import type { ChatToolCall } from "../../protocol/message.ts";

/** From this one of the same calls in a row on the model is told. */
export const toldOfRepeating = 3;
/** With this one the run ends. */
const fatal = 6;
/** A call that takes longer waits for something, milliseconds: it may well be made again. */
const waiting = 5_000;

interface Streak {
  content: string;
  step: number;
  count: number;
}

/** Notices a model that makes the same call, with the same result, step after step. */
export class RepeatedCalls {
  #streaks = new Map<string, Streak>();
  #step = 0;
  #looping = 0;
  #others = 0;

  /** The calls of this step come now. */
  begin(step: number): void {
    this.#step = step;
    this.#looping = 0;
    this.#others = 0;
  }

  /** Counts a call that was answered; gives how many of its kind there were in a row where that is too many. */
  count(call: ChatToolCall, content: string, durationMs: number): number | undefined {
    const key = `${call.function.name}\n${call.function.arguments}`;
    const plain = withoutDuration(content);
    const before = this.#streaks.get(key);
    const goesOn = before?.content === plain && before.step >= this.#step - 1 && durationMs < waiting;
    const count = before && goesOn ? before.count + (before.step === this.#step ? 0 : 1) : 1;
    this.#streaks.set(key, { content: plain, step: this.#step, count });
    if (count >= fatal) this.#looping += 1;
    else this.#others += 1;
    return count >= toldOfRepeating ? count : undefined;
  }

  /** Whether the step did nothing but what was done in vain several times. */
  get isLooping(): boolean {
    return this.#looping > 0 && this.#others === 0;
  }
}

/** How long a command took is no news. */
function withoutDuration(content: string): string {
  return content.replace(/, \d+\.\d s\]$/, "]");
}
