import { ApiError } from "../../../protocol/error.ts";
import type { Answer, AnswerCreate, GivenAnswer, Request } from "../../../protocol/request.ts";
import { parseUuid } from "../../../protocol/text.ts";
import { addApproval } from "../agent/approvals.ts";
import type { Database } from "../database.ts";
import { readRun } from "./runs.ts";

/**
 * Stores a person's answer to what a run asks, and lets the run go on once all it asks is answered. Throws
 * `run_not_found`, `request_not_found`, `request_answered`, `invalid_answer`.
 */
export async function answerRequest(
  database: Database,
  userId: string,
  taskId: string,
  runId: string,
  given: AnswerCreate,
): Promise<void> {
  await readRun(database, userId, taskId, runId);
  const requestId = parseUuid(given.request_id);
  const asked =
    requestId !== null &&
    (await database.query
      .selectFrom("requests")
      .select(["request", "answer"])
      .where("request_id", "=", requestId)
      .where("run_id", "=", runId)
      .executeTakeFirst());
  if (!asked) throw new ApiError("request_not_found", "The run has made no such request.");
  if (asked.answer !== null) throw alreadyAnswered();
  const answer: GivenAnswer = { ...fittingAnswer(asked.request, given), by: "person" };
  await database.transaction(async (client) => {
    // The lock makes the run either wait already, or see the answer once it does.
    const { rowCount: active } = await client.query(
      "select 1 from runs where run_id = $1 and status in ('running', 'waiting') for update",
      [runId],
    );
    if (active === 0) throw alreadyAnswered();
    const { rowCount } = await client.query(
      "update requests set answer = $2 where request_id = $1 and answer is null",
      [requestId, JSON.stringify(answer)],
    );
    if (rowCount === 0) throw alreadyAnswered();
    const { rule } = asked.request;
    if (answer.remember && answer.decision && rule) {
      await addApproval(client, { userId, taskId }, answer.remember, { ...rule, action: answer.decision });
    }
    await resumeAnswered(client, runId);
  });
}

/** Lets a run that waits go on if all it asked is answered; without `runId` every such run. Gives how many do. */
export async function resumeAnswered(
  database: Pick<Database["pool"], "query">,
  runId?: string,
): Promise<number> {
  const { rowCount } = await database.query({
    name: runId === undefined ? "resume-all-answered" : "resume-answered",
    text: `update runs set status = 'running', resume_reason = 'answered'
      where status = 'waiting' ${runId === undefined ? "" : "and run_id = $1"} and not exists (
        select 1 from requests where requests.run_id = runs.run_id and answer is null)`,
    values: runId === undefined ? [] : [runId],
  });
  return rowCount ?? 0;
}

function alreadyAnswered(): ApiError {
  return new ApiError("request_answered", "The request has been answered already, or its run is over.");
}

/** The answer, reduced to what the request takes. */
function fittingAnswer(request: Request, given: AnswerCreate): Omit<Answer, "request_id"> {
  const note = given.note ? { note: given.note } : {};
  if (request.kind === "approval") {
    if (given.decision && given.remember && !request.rule) {
      throw new ApiError(
        "invalid_answer",
        "There is no rule to make of this decision: leave out 'remember'.",
      );
    }
    const remember = given.remember ? { remember: given.remember } : {};
    if (given.decision) return { decision: given.decision, ...note, ...remember };
    throw new ApiError("invalid_answer", "Answer an approval with the decision 'allow' or 'deny'.");
  }
  const answers = (given.answers ?? []).map((answer) => answer.trim()).filter((answer) => answer !== "");
  if (answers.length === 0) throw new ApiError("invalid_answer", "Give at least one answer to a question.");
  if (answers.length > 1 && !request.multiple) {
    throw new ApiError("invalid_answer", "The question takes one answer.");
  }
  return { answers, ...note };
}

/** Answers what nobody has answered in time as its request says. */
export async function answerOverdue(database: Database): Promise<void> {
  await database.pool.query({
    name: "answer-overdue",
    text: `update requests set answer = (
        coalesce(request -> 'fallback', '{}')::jsonb || '{"by":"deadline"}')::json
      where request_id = any(array(
        select request_id from requests where answer is null and deadline < now()
        order by request_id for update skip locked))`,
  });
}
