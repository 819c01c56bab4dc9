import { endsRun, type NumberedEvent, type RunEvent } from "../protocol/event.ts";
import type { TaskChange } from "../protocol/task.ts";
import type { Client } from "./client.ts";
import { ConnectionError } from "./connection-error.ts";
import { followStream, type StreamOptions } from "./reconnecting-stream.ts";

export interface FollowOptions extends StreamOptions {
  /** The last event already known; 0 (the default) for all from the first. */
  after?: number;
}

export interface CursorOptions extends StreamOptions {
  /** The cursor of the last event already known. */
  after?: string;
}

/** An event of a stream that is not numbered, and where in the stream it stands: go on after it with `after`. */
export type AtCursor<Event> = { event: Event; cursor: string };

/**
 * Every event of a run, each exactly once and in order, to its last one (`done` or `error`), over as many
 * connections as it takes, and over as many servers as the run takes. Throws what the server refuses for good
 * (ApiError: not found, signed out), and the signal's reason once aborted.
 */
export function followRun(
  client: Pick<Client, "runEvents">,
  taskId: string,
  runId: string,
  options: FollowOptions = {},
): AsyncGenerator<NumberedEvent, void, undefined> {
  const ids = { task_id: taskId, run_id: runId };
  return followStream(
    {
      open: (request) => client.runEvents(ids, undefined, request),
      read: ({ id, event, data }, last): NumberedEvent | null => {
        const seq = Number(id);
        if (seq <= Number(last)) return null;
        if (seq !== Number(last) + 1) throw new ConnectionError("The stream of events has a gap.");
        return { seq, type: event, ...JSON.parse(data) };
      },
      isLast: ({ type }) => endsRun(type),
    },
    options.after ? String(options.after) : "",
    options,
  );
}

/**
 * The events of all runs of a task, those to come included, each with the id of its run; all from the first, or
 * from after a cursor. It ends only as `followRun` throws.
 */
export function followTask(
  client: Pick<Client, "taskEvents">,
  taskId: string,
  options: CursorOptions = {},
): AsyncGenerator<AtCursor<RunEvent & { run_id: string }>, void, undefined> {
  return followCursor((request) => client.taskEvents({ task_id: taskId }, undefined, request), options);
}

/**
 * What changes in the state of all tasks of the user: `ready` when nothing is missed any more, then a change
 * for each task that moves. It ends only as `followRun` throws.
 */
export function followChanges(
  client: Pick<Client, "taskChanges">,
  options: CursorOptions = {},
): AsyncGenerator<AtCursor<TaskChange>, void, undefined> {
  return followCursor((request) => client.taskChanges(undefined, request), options);
}

function followCursor<Event>(
  open: Parameters<typeof followStream>[0]["open"],
  options: CursorOptions,
): AsyncGenerator<AtCursor<Event>, void, undefined> {
  return followStream<AtCursor<Event>>(
    {
      open,
      read: ({ id, event: type, data }, last) => ({
        event: { type, ...JSON.parse(data) },
        cursor: id ?? last,
      }),
      isLast: () => false,
    },
    options.after ?? "",
    options,
  );
}
