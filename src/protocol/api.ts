import { z } from "zod";
import { Login, Me, SignInCode, Token } from "./auth.ts";
import type { ErrorCode } from "./error.ts";
import { DeleteResult, FileListing, FilePath, FileQuery, UploadResult } from "./file.ts";
import { MessageCreate, MessageList, PendingList, PendingMessage, PendingPatch } from "./message.ts";
import { PageQuery, wholeNumber } from "./page.ts";
import { AnswerAccepted, AnswerCreate } from "./request.ts";
import { Run, RunAccepted, RunCancelling, RunPage, RunQuery } from "./run.ts";
import { Health, ModelProfileList, SkillList } from "./server.ts";
import { FolderList, Task, TaskCreate, TaskFork, TaskPage, TaskPatch, TaskQuery } from "./task.ts";

/** One row of the contract: what an endpoint takes, what it gives, and how it refuses. */
export interface Endpoint {
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** `{name}` marks a path parameter; every one of them is a UUID. */
  path: string;
  tag: string;
  summary: string;
  /** true: needs no credential */
  open?: true;
  query?: z.ZodObject;
  /** Headers that mean something to it, beyond those of every request. */
  headers?: z.ZodObject;
  body?: z.ZodObject;
  /** What the body is where it is no JSON. */
  upload?: z.ZodObject;
  status: 200 | 201 | 202 | 204;
  /** The answer's schema, or the kind of bytes it streams. */
  response?: z.ZodType | "events" | "changes" | "file" | "docx";
  /** Refusals beyond those every endpoint has (401, 422, 429, 500, 503). */
  errors?: readonly ErrorCode[];
}

const task = { tag: "tasks", errors: ["task_not_found"] } as const;
const files = { tag: "files" } as const;

/** The /v1 contract. Server routes, the client and the OpenAPI document are all made from these rows. */
export const api = {
  health: {
    method: "GET",
    path: "/healthz",
    tag: "misc",
    summary: "Whether the server can do its work",
    open: true,
    status: 200,
    response: Health,
    errors: ["unavailable"],
  },
  login: {
    method: "POST",
    path: "/v1/auth/login",
    tag: "auth",
    summary: "Exchange the platform key for a token of a user",
    open: true,
    body: Login,
    status: 200,
    response: Token,
    errors: ["invalid_platform_key", "invalid_user_id"],
  },
  signIn: {
    method: "POST",
    path: "/v1/auth/code",
    tag: "auth",
    summary: "Exchange a one-time sign-in code for the page's session cookie",
    open: true,
    body: SignInCode,
    status: 200,
    response: Me,
    errors: ["invalid_code"],
  },
  signOut: {
    method: "POST",
    path: "/v1/auth/logout",
    tag: "auth",
    summary: "Clear the page's session cookie",
    open: true,
    status: 204,
  },
  me: {
    method: "GET",
    path: "/v1/me",
    tag: "auth",
    summary: "Who is signed in",
    status: 200,
    response: Me,
  },
  createTask: {
    ...task,
    method: "POST",
    path: "/v1/tasks",
    summary: "Create a task and its working directory",
    body: TaskCreate,
    status: 201,
    response: Task,
    errors: ["invalid_name", "invalid_model_profile", "directory_nested"],
  },
  listTasks: {
    method: "GET",
    path: "/v1/tasks",
    tag: "tasks",
    summary: "List own tasks, filtered, ordered and paged",
    query: TaskQuery,
    status: 200,
    response: TaskPage,
  },
  getTask: {
    ...task,
    method: "GET",
    path: "/v1/tasks/{task_id}",
    summary: "Read a task",
    status: 200,
    response: Task,
  },
  updateTask: {
    ...task,
    method: "PATCH",
    path: "/v1/tasks/{task_id}",
    summary: "Change a task's status, name, description, skill or model profile",
    body: TaskPatch,
    status: 200,
    response: Task,
    errors: ["task_not_found", "invalid_status", "invalid_name", "nothing_to_update"],
  },
  deleteTask: {
    ...task,
    method: "DELETE",
    path: "/v1/tasks/{task_id}",
    summary: "Delete a task with its messages, runs and events; files stay",
    status: 204,
  },
  forkTask: {
    ...task,
    method: "POST",
    path: "/v1/tasks/{task_id}/fork",
    summary: "Make a new task in the same directory that begins with a part of this one's conversation",
    body: TaskFork,
    status: 201,
    response: Task,
    errors: ["task_not_found", "invalid_name", "invalid_fork_point"],
  },
  taskEvents: {
    ...task,
    method: "GET",
    path: "/v1/tasks/{task_id}/events",
    summary: "Stream the events of all runs of a task, those to come included; each carries its run_id",
    query: z.object({ after: z.string().optional().describe("the id of the last event that is known") }),
    status: 200,
    response: "events",
  },
  taskChanges: {
    method: "GET",
    path: "/v1/events",
    tag: "tasks",
    summary: "Stream the changes of state of all own tasks and their runs",
    query: z.object({ after: z.string().optional().describe("the id of the last event that is known") }),
    status: 200,
    response: "changes",
  },
  listFolders: {
    method: "GET",
    path: "/v1/folders",
    tag: "tasks",
    summary: "List own working directories, most recently used first",
    status: 200,
    response: FolderList,
  },
  listMessages: {
    ...task,
    tag: "messages",
    method: "GET",
    path: "/v1/tasks/{task_id}/messages",
    summary: "Read the conversation",
    status: 200,
    response: MessageList,
  },
  postMessage: {
    ...task,
    tag: "messages",
    method: "POST",
    path: "/v1/tasks/{task_id}/messages",
    summary: "Post a message and start a run on it",
    headers: z.object({
      "Idempotency-Key": z
        .string()
        .optional()
        .describe("names the request for 24 hours: made again, it has the first answer and starts nothing"),
    }),
    body: MessageCreate,
    status: 202,
    response: RunAccepted,
    errors: [
      "task_not_found",
      "empty_content",
      "run_active",
      "pending_full",
      "invalid_idempotency_key",
      "idempotency_key_reused",
    ],
  },
  listPending: {
    ...task,
    tag: "messages",
    method: "GET",
    path: "/v1/tasks/{task_id}/pending",
    summary: "List the messages that wait behind the active run",
    status: 200,
    response: PendingList,
  },
  getPending: {
    tag: "messages",
    method: "GET",
    path: "/v1/tasks/{task_id}/pending/{pending_id}",
    summary: "Read a message that waits",
    status: 200,
    response: PendingMessage,
    errors: ["pending_not_found"],
  },
  updatePending: {
    tag: "messages",
    method: "PATCH",
    path: "/v1/tasks/{task_id}/pending/{pending_id}",
    summary: "Edit a message that waits",
    body: PendingPatch,
    status: 200,
    response: PendingMessage,
    errors: ["pending_not_found", "empty_content", "nothing_to_update"],
  },
  deletePending: {
    tag: "messages",
    method: "DELETE",
    path: "/v1/tasks/{task_id}/pending/{pending_id}",
    summary: "Withdraw a message that waits",
    status: 204,
    errors: ["pending_not_found"],
  },
  listRuns: {
    ...task,
    tag: "runs",
    method: "GET",
    path: "/v1/tasks/{task_id}/runs",
    summary: "List a task's runs, newest first",
    query: PageQuery,
    status: 200,
    response: RunPage,
  },
  getRun: {
    tag: "runs",
    method: "GET",
    path: "/v1/tasks/{task_id}/runs/{run_id}",
    summary: "Read a run, at once or when it has ended",
    query: RunQuery,
    status: 200,
    response: Run,
    errors: ["run_not_found"],
  },
  retryRun: {
    tag: "runs",
    method: "POST",
    path: "/v1/tasks/{task_id}/runs/{run_id}/retry",
    summary: "Run the same message again",
    status: 202,
    response: RunAccepted,
    errors: ["run_not_found", "run_active"],
  },
  answerRun: {
    tag: "runs",
    method: "POST",
    path: "/v1/tasks/{task_id}/runs/{run_id}/answers",
    summary: "Answer an approval or a question that a run waits for",
    body: AnswerCreate,
    status: 202,
    response: AnswerAccepted,
    errors: ["run_not_found", "request_not_found", "request_answered", "invalid_answer"],
  },
  cancelRun: {
    tag: "runs",
    method: "POST",
    path: "/v1/tasks/{task_id}/runs/{run_id}/cancel",
    summary: "Cancel an active run at once",
    status: 202,
    response: RunCancelling,
    errors: ["run_not_found", "run_not_active"],
  },
  runEvents: {
    tag: "runs",
    method: "GET",
    path: "/v1/tasks/{task_id}/runs/{run_id}/events",
    summary: "Stream a run's events from the first, or from after Last-Event-ID or ?after",
    query: z.object({ after: wholeNumber.optional() }),
    status: 200,
    response: "events",
    errors: ["task_not_found", "run_not_found"],
  },
  exportTask: {
    ...task,
    tag: "export",
    method: "GET",
    path: "/v1/tasks/{task_id}/export",
    summary: "Download the conversation as .docx",
    status: 200,
    response: "docx",
    errors: ["task_not_found", "nothing_to_export", "too_large"],
  },
  listFiles: {
    ...files,
    method: "GET",
    path: "/v1/files",
    summary: "List a directory",
    query: FileQuery,
    status: 200,
    response: FileListing,
    errors: ["invalid_path", "name_too_long"],
  },
  downloadFile: {
    ...files,
    method: "GET",
    path: "/v1/files/download",
    summary: "Download a file",
    query: FilePath,
    status: 200,
    response: "file",
    errors: ["invalid_path", "name_too_long", "not_a_file", "path_not_found", "range_not_satisfiable"],
  },
  uploadFiles: {
    ...files,
    method: "POST",
    path: "/v1/files/upload",
    summary: "Upload files into a directory, replacing files of the same name",
    upload: z.object({
      path: z.string().optional(),
      files: z.array(z.string().meta({ format: "binary" })),
    }),
    status: 200,
    response: UploadResult,
    errors: [
      "invalid_path",
      "invalid_file_name",
      "name_too_long",
      "not_a_directory",
      "not_a_file",
      "no_files",
      "too_large",
      "disk_full",
    ],
  },
  deleteFile: {
    ...files,
    method: "POST",
    path: "/v1/files/delete",
    summary: "Delete a file, a link or an empty directory",
    body: FilePath,
    status: 200,
    response: DeleteResult,
    errors: ["invalid_path", "name_too_long", "path_not_found", "directory_not_empty", "root_not_deletable"],
  },
  listModels: {
    method: "GET",
    path: "/v1/models",
    tag: "agent",
    summary: "List model profiles",
    status: 200,
    response: ModelProfileList,
  },
  listSkills: {
    method: "GET",
    path: "/v1/skills",
    tag: "agent",
    summary: "List installed skills",
    status: 200,
    response: SkillList,
  },
} as const satisfies Record<string, Endpoint>;

export type Api = typeof api;
export type EndpointName = keyof Api;

type InputOf<Row, Key extends string> = Row extends { [K in Key]: infer S extends z.ZodType }
  ? z.output<S>
  : undefined;
type Parameters<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { [K in Name]: string } & Parameters<Rest>
  : unknown;

/** What a handler of this endpoint is given, after validation. */
export interface Input<Name extends EndpointName> {
  params: Parameters<Api[Name]["path"]>;
  query: InputOf<Api[Name], "query">;
  body: InputOf<Api[Name], "body">;
}

/** What this endpoint answers; undefined for 204 and for streams. */
export type Output<Name extends EndpointName> = Api[Name] extends { response: infer S extends z.ZodType }
  ? z.output<S>
  : undefined;
