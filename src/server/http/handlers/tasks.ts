import { ApiError } from "../../../protocol/error.ts";
import { simpleName } from "../../../protocol/text.ts";
import type { Directory } from "../../../workspace/directory.ts";
import { isPlainName } from "../../../workspace/files/name-codec.ts";
import { randomUUIDv7 } from "../../ids.ts";
import { cancelTaskRun } from "../../runs/cancel-run.ts";
import type { Starting } from "../../runs/start-run.ts";
import { forkTask } from "../../store/fork-task.ts";
import { clearPending } from "../../store/runs/pending.ts";
import {
  deleteTask,
  directoryUse,
  insertTask,
  listTasks,
  readTask,
  type TaskEdit,
  updateTask,
} from "../../store/tasks.ts";
import type { Handlers, User } from "../handler.ts";
import { json } from "../json.ts";

/** How long deleting a task waits for its active run to end, milliseconds. */
const deletionPatience = 2_000;

export interface TaskHandlerOptions extends Starting {
  userRoot: (userId: string) => Promise<Directory>;
  /** Model of a profile; undefined if there is no such profile. */
  modelName: (profile: string) => string | undefined;
  defaultProfile: { name: string; model: string };
}

type TaskHandlers = Pick<
  Handlers,
  "createTask" | "forkTask" | "listTasks" | "getTask" | "updateTask" | "deleteTask" | "listFolders"
>;

export function createTaskHandlers(options: TaskHandlerOptions): TaskHandlers {
  const { database, feed, changes, userRoot, modelName, defaultProfile } = options;
  return {
    async createTask({ body }, { user }) {
      const directory = directoryName(body.working_dir || body.name);
      const profile = body.model_profile ?? "";
      const model = chosenModel(profile, modelName);
      await (await userRoot(user.userId)).makeDirectory(directory);
      const { name, description = "", skill = "", approvals = [] } = body;
      const task = { taskId: randomUUIDv7(), name, description, directory, skill, profile, model, approvals };
      const made = await insertTask(database, user.userId, task, defaultProfile);
      changes.touch(user.userId, task.taskId);
      return made;
    },

    async forkTask({ params, body }, { user }) {
      const taskId = randomUUIDv7();
      const fork = { taskId, fromIdx: body.from_idx, name: body.name };
      await forkTask(database, user.userId, params.task_id, fork);
      changes.touch(user.userId, taskId);
      return readTask(database, user.userId, taskId, defaultProfile);
    },

    async listTasks({ query }, { user }) {
      return json(await listTasks(database, user.userId, query, defaultProfile));
    },

    async getTask({ params }, { user }) {
      return readTask(database, user.userId, params.task_id, defaultProfile);
    },

    async updateTask({ params, body }, { user }) {
      const edit: TaskEdit = {};
      if (body.status != null) edit.status = allowedStatus(body.status, user);
      if (body.name != null) edit.name = body.name;
      if (body.description != null) edit.description = body.description;
      if (body.skill != null) edit.skill = body.skill;
      if (body.model_profile != null) {
        edit.model_profile = body.model_profile;
        edit.model = chosenModel(body.model_profile, modelName);
      }
      if (body.approvals != null) edit.approvals = JSON.stringify(body.approvals);
      if (Object.keys(edit).length === 0) {
        throw new ApiError("nothing_to_update", "Name at least one field to change.");
      }
      await updateTask(database, user.userId, params.task_id, edit);
      changes.touch(user.userId, params.task_id);
      return readTask(database, user.userId, params.task_id, defaultProfile);
    },

    async deleteTask({ params }, { user }) {
      await clearPending(database, user.userId, params.task_id);
      const runId = await cancelTaskRun(options, user.userId, params.task_id, deletionPatience);
      await deleteTask(database, user.userId, params.task_id);
      changes.touch(user.userId, params.task_id);
      if (runId !== null) feed.drop(runId);
      return undefined;
    },

    async listFolders(_input, { user }) {
      const root = await userRoot(user.userId);
      const [{ entries }, use] = await Promise.all([
        root.listPage("", { start: 0, size: maxFolders, hidden: false }),
        directoryUse(database, user.userId),
      ]);
      const folders = entries
        .filter((entry) => entry.isDirectory && isPlainName(entry.name))
        .map(({ name }) => ({
          name,
          n_tasks: use.get(name)?.tasks ?? 0,
          last_used: use.get(name)?.lastUsed.toISOString() ?? null,
        }))
        .sort((a, b) => compare(b.last_used ?? "", a.last_used ?? "") || compare(a.name, b.name));
      return { folders };
    },
  };
}

/** More are not told of. */
const maxFolders = 5_000;

/** A directory's name obeys the same rules as a task's, and has to fit the disk. */
function directoryName(text: string): string {
  const name = simpleName.safeParse(text);
  if (!name.success) {
    throw new ApiError("invalid_name", `The working directory: ${name.error.issues[0]?.message}`);
  }
  if (!isPlainName(name.data)) {
    throw new ApiError("invalid_name", "Commands cannot work in a directory of that name. Use another one.");
  }
  if (Buffer.byteLength(name.data) > 255) {
    throw new ApiError(
      "invalid_name",
      "The working directory's name is longer than 255 bytes. Give a shorter one.",
    );
  }
  return name.data;
}

/** The provider's name of a profile's model, "" for the default one. Throws `invalid_model_profile`. */
export function chosenModel(profile: string, modelName: TaskHandlerOptions["modelName"]): string {
  if (profile === "") return "";
  const model = modelName(profile);
  if (model === undefined) {
    throw new ApiError("invalid_model_profile", "There is no such model profile. GET /v1/models lists them.");
  }
  return model;
}

/** Only the command line on the server's own machine may open a task again. */
function allowedStatus(status: string, user: User): "active" | "completed" | "abandoned" {
  if (status === "completed" || status === "abandoned") return status;
  if (status === "active" && user.scope === "cli") return status;
  throw new ApiError("invalid_status", "Set status to 'completed' or 'abandoned'.");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
