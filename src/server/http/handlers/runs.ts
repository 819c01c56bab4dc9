import { cancelRun } from "../../runs/cancel-run.ts";
import type { EventFeed } from "../../runs/event-feed.ts";
import { startRun } from "../../runs/start-run.ts";
import type { Worker } from "../../runs/worker.ts";
import type { Database } from "../../store/database.ts";
import { listMessages } from "../../store/messages.ts";
import { listRuns, requireRun } from "../../store/runs.ts";
import { readTaskRecord } from "../../store/tasks.ts";
import type { Handlers } from "../handler.ts";
import { json } from "../json.ts";
import { resumePoint, streamEvents } from "../sse.ts";

type RunHandlers = Pick<Handlers, "listMessages" | "postMessage" | "listRuns" | "cancelRun" | "runEvents">;

export function createRunHandlers(database: Database, worker: Worker, feed: EventFeed): RunHandlers {
  return {
    async listMessages({ params }, { user }) {
      return json(await listMessages(database, user.userId, params.task_id));
    },

    async postMessage({ params, body }, { user }) {
      const runId = await startRun(database, worker, user.userId, params.task_id, body.content);
      return { run_id: runId, events_url: `/v1/tasks/${params.task_id}/runs/${runId}/events` };
    },

    async listRuns({ params, query }, { user }) {
      return json(await listRuns(database, user.userId, params.task_id, query));
    },

    async cancelRun({ params }, { user }) {
      const ids = { userId: user.userId, taskId: params.task_id, runId: params.run_id };
      const owned = feed.isOwn(ids.userId, ids.taskId, ids.runId) === true;
      await cancelRun(database, worker, owned, ids);
      return { ok: true, run_id: params.run_id, status: "cancelling" };
    },

    async runEvents({ params, query }, { user, incoming, outgoing }) {
      const { task_id: taskId, run_id: runId } = params;
      // A run of this user that is executed here is known without asking the database.
      if (feed.isOwn(user.userId, taskId, runId) !== true) {
        await readTaskRecord(database, user.userId, taskId);
        await requireRun(database, user.userId, taskId, runId);
      }
      const lastEventId = incoming.headers["last-event-id"];
      const after = resumePoint(Array.isArray(lastEventId) ? lastEventId[0] : lastEventId, query.after);
      return streamEvents(outgoing, feed, runId, after);
    },
  };
}
