import { ApiError } from "../../../protocol/error.ts";
import type { Directory } from "../../../workspace/directory.ts";
import { interruptRun } from "../../runs/cancel-run.ts";
import type { Starting } from "../../runs/start-run.ts";
import { deletePending, listPending, readPending, updatePending } from "../../store/runs/pending.ts";
import type { Handlers } from "../handler.ts";
import { noteSkill, type OpenSkills } from "./agent/note-skill.ts";

type PendingHandlers = Pick<Handlers, "listPending" | "getPending" | "updatePending" | "deletePending">;

export interface PendingHandlerOptions extends Starting {
  userRoot: (userId: string) => Promise<Directory>;
  skillsOf: OpenSkills;
}

export function createPendingHandlers(options: PendingHandlerOptions): PendingHandlers {
  const { database, worker, changes, feed, userRoot, skillsOf } = options;
  return {
    async listPending({ params }, { user }) {
      return await listPending(database, user.userId, params.task_id);
    },

    async getPending({ params }, { user }) {
      return await readPending(database, user.userId, params.task_id, params.pending_id);
    },

    async updatePending({ params, body }, { user }) {
      const { task_id: taskId, pending_id: pendingId } = params;
      const edit = { ...(body.content && { content: body.content }), ...(body.mode && { mode: body.mode }) };
      if (Object.keys(edit).length === 0) {
        throw new ApiError("nothing_to_update", "Name at least one field to change.");
      }
      const notes = await noteSkill(edit.content ?? "", null, async () =>
        skillsOf(await userRoot(user.userId)),
      );
      const { message, activeRunId } = await updatePending(database, user.userId, taskId, pendingId, {
        ...edit,
        ...(notes?.skill && { skill: notes.skill }),
      });
      changes.touch(user.userId, taskId);
      if (activeRunId !== undefined && edit.mode === "interrupt") {
        await interruptRun(options, { userId: user.userId, taskId, runId: activeRunId });
      }
      if (activeRunId !== undefined && edit.mode === "steer") await worker.steerAnywhere(activeRunId);
      return message;
    },

    async deletePending({ params }, { user }) {
      const { task_id: taskId, pending_id: pendingId } = params;
      await deletePending(database, user.userId, taskId, pendingId);
      changes.touch(user.userId, taskId);
      feed.drop(pendingId);
      return undefined;
    },
  };
}
