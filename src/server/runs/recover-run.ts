import { type EventType, eventData, type RunEvent } from "../../protocol/event.ts";
import type { LoggedEvent } from "../store/append.ts";
import type { Database } from "../store/database.ts";
import { readEvents } from "../store/events.ts";
import { readConversation } from "../store/messages.ts";
import type { LeasedRun } from "../store/runs.ts";
import type { EventLog } from "./event-log.ts";
import type { RunLog } from "./run-log.ts";

const pageSize = 1_000;

/**
 * Ends a run whose server died: what had been streamed and not yet stored becomes a message, calls without an
 * answer get one, and the run ends as an error that says why. The events that watchers saw stay as they are.
 */
export async function recoverRun(database: Database, eventLog: EventLog, run: LeasedRun): Promise<void> {
  const { partialText, lastSeq } = await readUnfinishedStep(database, run.runId);
  const unanswered = await findUnansweredCalls(database, run);
  const log: RunLog = eventLog.open({ ...run, lastSeq }, () => {});
  try {
    if (unanswered.length > 0) {
      for (const id of unanswered) {
        const content = "The server stopped during this call. Whether it took effect is unknown.";
        log.message({ payload: { role: "tool", tool_call_id: id, content } });
      }
    } else if (partialText.trim() !== "") {
      log.message({ payload: { role: "assistant", content: partialText } });
    }
    if (run.status === "cancelling") {
      log.event({ type: "cancelled" });
      await log.end({ status: "cancelled", errorCode: null, errorMessage: null });
    } else {
      await log.end({
        status: "error",
        errorCode: "server_stopped",
        errorMessage: "The server stopped before the run had finished. Send a message to go on.",
      });
    }
  } finally {
    eventLog.close(log);
  }
}

/** The text streamed since the last step that was stored whole, and where the log ends. */
async function readUnfinishedStep(
  database: Database,
  runId: string,
): Promise<{ partialText: string; lastSeq: number }> {
  let partialText = "";
  let lastSeq = 0;
  for (;;) {
    const page = await readEvents(database, runId, lastSeq, pageSize);
    for (const logged of page?.events ?? []) {
      lastSeq = logged.seq;
      const event = parseEvent(logged);
      if (event.type === "llm_start" || event.type === "llm_end") partialText = "";
      else if (event.type === "text") partialText += event.text;
    }
    if ((page?.events.length ?? 0) < pageSize) return { partialText, lastSeq };
  }
}

function parseEvent({ type, data }: LoggedEvent): RunEvent {
  return { type, ...eventData[type as EventType].parse(JSON.parse(data)) } as RunEvent;
}

async function findUnansweredCalls(database: Database, run: LeasedRun): Promise<string[]> {
  const open = new Set<string>();
  for (const { payload } of await readConversation(database, run.userId, run.taskId)) {
    if (payload.role === "assistant") for (const call of payload.tool_calls ?? []) open.add(call.id);
    if (payload.role === "tool") open.delete(payload.tool_call_id);
  }
  return [...open];
}
