import { EventSourceParserStream } from "eventsource-parser/stream";
import type { Client } from "../../../client/client.ts";
import { endsRun, type NumberedEvent } from "../../../protocol/event.ts";

export interface RunIds extends Record<string, string> {
  task_id: string;
  run_id: string;
}

/**
 * Watches a run over several connections like any client, but forgives nothing: what the SDK would drop or
 * fetch again is counted.
 */
export class Witness {
  readonly seen: NumberedEvent[] = [];
  lost = 0;
  duplicated = 0;
  #last = 0;

  /** Follows one connection until the run or the connection ends; says whether it was the run. */
  async follow(
    client: Client,
    ids: RunIds,
    signal: AbortSignal,
    onEvent: (event: NumberedEvent) => void,
  ): Promise<boolean> {
    try {
      for await (const event of readEvents(client, ids, this.#last, signal)) {
        if (event.seq <= this.#last) this.duplicated += 1;
        else this.lost += event.seq - this.#last - 1;
        this.#last = Math.max(this.#last, event.seq);
        this.seen.push(event);
        onEvent(event);
        if (endsRun(event.type)) return true;
      }
    } catch {
      // That is what a killed server looks like.
      signal.throwIfAborted();
    }
    return false;
  }
}

/** The events of a run after one, over one connection. */
export async function* readEvents(
  client: Client,
  ids: RunIds,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<NumberedEvent, void, undefined> {
  const headers = after > 0 ? { "Last-Event-ID": String(after) } : undefined;
  const { body } = await client.runEvents(ids, undefined, { signal, headers });
  const frames = body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { id, event, data } of frames ?? []) {
    yield { seq: Number(id), type: event, ...JSON.parse(data) };
  }
}
