import type { Client } from "../client/client.ts";
import { ApiError, type ErrorCode } from "../protocol/error.ts";
import { endsRun, type NumberedEvent } from "../protocol/event.ts";
import { askPerson } from "./ask-person.ts";
import { explainError } from "./exit-code.ts";

type Ids = { task_id: string; run_id: string };
type Show = (event: NumberedEvent) => void;

/** The request was settled without us: its run's events say how. */
const settled: ErrorCode[] = ["request_answered", "request_not_found", "run_not_found"];

/**
 * Shows a run's events by `show`, and puts what it asks to the person at the terminal: one request after the other, so
 * that what is shown last is what is asked, until they are answered here or elsewhere. Where there is no terminal it
 * says how they can be answered.
 */
export function createAnswerer(client: Client, ids: Ids, leaving: AbortSignal, show: Show): Show {
  const open = new Map<string, AbortController>();
  let before: Promise<void> = Promise.resolve();

  const answer = async (event: Extract<NumberedEvent, { type: "request" }>, signal: AbortSignal) => {
    await before;
    if (signal.aborted) return;
    const elsewhere =
      "The run waits for an answer. Give it on the task's page, or by POST to " +
      `/v1/tasks/${ids.task_id}/runs/${ids.run_id}/answers with request_id ${event.request_id}.\n`;
    try {
      show(event);
      const hasPerson = process.stdin.isTTY && process.stdin.readable;
      const given = hasPerson ? await askPerson(event, signal) : null;
      if (given) await client.answerRun(ids, { request_id: event.request_id, ...given }, { signal });
      else process.stderr.write(elsewhere);
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && settled.includes(error.code))) return;
      process.stderr.write(`${explainError(error)}\n${elsewhere}`);
    }
  };

  return (event) => {
    if (event.type === "request") {
      const settling = new AbortController();
      open.set(event.request_id, settling);
      before = answer(event, AbortSignal.any([settling.signal, leaving]));
      return;
    }
    if (event.type === "answered") open.get(event.request_id)?.abort();
    if (endsRun(event.type)) for (const each of open.values()) each.abort();
    show(event);
  };
}
