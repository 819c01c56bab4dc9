import { z } from "zod";
import { MessageCreate, MessageList, PendingList, PendingMessage, PendingPatch } from "../message.ts";
import { RunAccepted } from "../run.ts";
import type { Endpoint } from "./endpoint.ts";

const task = { tag: "tasks", errors: ["task_not_found"] } as const;

export const messagesEndpoints = {
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
      "invalid_model_profile",
      "invalid_path",
      "not_a_file",
      "path_not_found",
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
} as const satisfies Record<string, Endpoint>;
