import type { IncomingMessage } from "node:http";
import { ApiError } from "../../../protocol/error.ts";
import { isActive, type Run } from "../../../protocol/run.ts";
import type { Directory } from "../../../workspace/directory.ts";
import { followTask, parseCursor } from "../../events/task-events.ts";
import { cancelRun } from "../../runs/cancel-run.ts";
import { type Starting, startAgain, startRun } from "../../runs/start-run.ts";
import { listMessages } from "../../store/messages.ts";
import { answerRequest } from "../../store/runs/requests.ts";
import { listRuns, readRun, requireRun } from "../../store/runs/runs.ts";
import { readTaskRecord } from "../../store/tasks.ts";
import type { Handlers } from "../handler.ts";
import { json } from "../json.ts";
import { noteAttachments } from "../note-attachments.ts";
import { resumePoint, streamEvents } from "../sse.ts";
import { noteSkill, type OpenSkills } from "./agent/note-skill.ts";
import { chosenModel } from "./tasks.ts";

type RunHandlers = Pick<
  Handlers,
  | "listMessages"
  | "postMessage"
  | "listRuns"
  | "getRun"
  | "retryRun"
  | "answerRun"
  | "cancelRun"
  | "runEvents"
  | "taskEvents"
  | "taskChanges"
>;

export interface RunHandlerOptions extends Starting {
  userRoot: (userId: string) => Promise<Directory>;
  skillsOf: OpenSkills;
  /** Model of a profile; undefined if there is no such profile. */
  modelName: (profile: string) => string | undefined;
}

export function createRunHandlers(options: RunHandlerOptions): RunHandlers {
  const { database, worker, feed, changes, userRoot, skillsOf, modelName } = options;
  return {
    async listMessages({ params }, { user }) {
      return json(await listMessages(database, user.userId, params.task_id));
    },

    async postMessage({ params, body }, { user, incoming }) {
      const profile = body.model_profile || null;
      if (profile !== null) chosenModel(profile, modelName);
      const attached = await noteAttachments(body.attachments ?? [], async () => {
        const { directory } = await readTaskRecord(database, user.userId, params.task_id);
        return { root: await userRoot(user.userId), directory };
      });
      const notes = await noteSkill(body.content, attached, async () =>
        skillsOf(await userRoot(user.userId)),
      );
      return await startRun(options, {
        userId: user.userId,
        taskId: params.task_id,
        content: body.content,
        notes,
        profile,
        mode: body.mode,
        idempotencyKey: readIdempotencyKey(incoming),
      });
    },

    async listRuns({ params, query }, { user }) {
      return json(await listRuns(database, user.userId, params.task_id, query));
    },

    async getRun({ params, query }, { user, outgoing }) {
      const read = (): Promise<Run> => readRun(database, user.userId, params.task_id, params.run_id);
      const run = await read();
      if (!query.wait || !isActive(run.status)) return run;
      const gone = new AbortController();
      outgoing.once("close", () => gone.abort());
      const until = AbortSignal.any([gone.signal, AbortSignal.timeout(query.wait * 1000)]);
      await feed.untilEnd(params.run_id, until);
      return await read();
    },

    async retryRun({ params }, { user }) {
      const ids = { userId: user.userId, taskId: params.task_id, runId: params.run_id };
      return await startAgain(options, ids);
    },

    async answerRun({ params, body }, { user }) {
      await answerRequest(database, user.userId, params.task_id, params.run_id, body);
      changes.touch(user.userId, params.task_id);
      await worker.announce();
      return { ok: true, run_id: params.run_id, request_id: body.request_id };
    },

    async cancelRun({ params }, { user }) {
      const ids = { userId: user.userId, taskId: params.task_id, runId: params.run_id };
      const owned = feed.isOwn(ids.userId, ids.taskId, ids.runId) === true;
      await cancelRun(options, owned, ids);
      return { ok: true, run_id: params.run_id, status: "cancelling" };
    },

    async runEvents({ params, query }, { user, incoming, outgoing }) {
      const { task_id: taskId, run_id: runId } = params;
      // A run of this user that is executed here is known without asking the database.
      if (feed.isOwn(user.userId, taskId, runId) !== true) {
        await readTaskRecord(database, user.userId, taskId);
        await requireRun(database, user.userId, taskId, runId);
      }
      const after = resumePoint(lastEventId(incoming), query.after);
      return streamEvents(outgoing, (watcher) => feed.follow(runId, after, watcher));
    },

    async taskEvents({ params, query }, { user, incoming, outgoing }) {
      await readTaskRecord(database, user.userId, params.task_id);
      const from = parseCursor(lastEventId(incoming) ?? query.after ?? "");
      return streamEvents(outgoing, (watcher) => followTask(options, params.task_id, from, watcher));
    },

    async taskChanges({ query }, { user, incoming, outgoing }) {
      const cursor = (lastEventId(incoming) ?? query.after ?? "").trim();
      const after = /^\d{1,16}$/.test(cursor) ? Number(cursor) : undefined;
      return streamEvents(outgoing, (watcher) => changes.follow(user.userId, after, watcher));
    },
  };
}

const longestKey = 255;

function readIdempotencyKey({ headers }: IncomingMessage): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]+$/.test(key) && key.length <= longestKey) return key;
  throw new ApiError(
    "invalid_idempotency_key",
    `Give one Idempotency-Key of 1 to ${longestKey} printable ASCII characters, a random UUID for example.`,
  );
}

function lastEventId({ headers }: IncomingMessage): string | undefined {
  const id = headers["last-event-id"];
  return Array.isArray(id) ? id[0] : id;
}
