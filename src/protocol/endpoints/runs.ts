import { z } from "zod";
import { PageQuery, wholeNumber } from "../page.ts";
import { AnswerAccepted, AnswerCreate } from "../request.ts";
import { Run, RunAccepted, RunCancelling, RunPage, RunQuery } from "../run.ts";
import type { Endpoint } from "./endpoint.ts";

const task = { tag: "tasks", errors: ["task_not_found"] } as const;

export const runsEndpoints = {
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
    errors: ["run_not_found", "request_not_found", "request_answered", "invalid_answer", "too_many_rules"],
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
} as const satisfies Record<string, Endpoint>;
