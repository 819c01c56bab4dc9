import { endsRun } from "../../../src/protocol/event.ts";
import { isUnfinished, type Stored, type StoredEvent, type StoredRun } from "./stored.ts";

/** What must hold for the event log of every run, whatever happened to its servers. */
export function checkRunLogs({ runs, events, tasks }: Stored): string[] {
  const faults = runs.flatMap((run) =>
    checkRunLog(run, events.get(run.run_id) ?? []).map((fault) => `run ${run.run_id}: ${fault}`),
  );
  for (const runId of events.keys()) {
    if (!runs.some(({ run_id }) => run_id === runId)) faults.push(`events of ${runId}, which is no run`);
  }
  for (const task of tasks) {
    const own = runs.filter(({ task_id }) => task_id === task.task_id);
    const [tokensIn, tokensOut] = [sum(own, "tokens_in"), sum(own, "tokens_out")];
    if (Number(task.tokens_prompt) !== tokensIn || Number(task.tokens_completion) !== tokensOut) {
      faults.push(
        `task ${task.task_id} counts ${task.tokens_prompt}/${task.tokens_completion} tokens, its runs ${tokensIn}/${tokensOut}`,
      );
    }
    if (own.filter(isUnfinished).length > 1) faults.push(`task ${task.task_id} has two active runs`);
  }
  return faults;
}

function sum<Key extends string>(items: { [K in Key]: unknown }[], key: Key): number {
  return items.reduce((total, item) => total + Number(item[key]), 0);
}

function checkRunLog(run: StoredRun, log: StoredEvent[]): string[] {
  const faults: string[] = [];
  log.forEach(({ seq }, index) => {
    if (seq !== index + 1) faults.push(`event ${index + 1} of the log has number ${seq}`);
  });
  const ends = log.filter(({ type }) => endsRun(type));
  const last = log.at(-1);
  if (isUnfinished(run)) {
    if (ends.length > 0) faults.push(`is ${run.status}, and its log says ${ends.map(({ type }) => type)}`);
    return faults;
  }
  if (ends.length !== 1 || !last || !endsRun(last.type)) {
    faults.push(
      `is ${run.status}, and its log ends ${ends.length} times: …${log.slice(-4).map(({ type }) => type)}`,
    );
    return faults;
  }
  const starts = log.filter(({ type }) => type === "run_start").length;
  const first = log.find(({ type }) => type !== "queued");
  if (starts !== 1 || first?.type !== "run_start")
    faults.push(`has ${starts} run_start, first ${first?.type}`);
  faults.push(...checkEnd(run, last, log.at(-2)), ...checkTokens(run, log));
  return faults;
}

function checkEnd(run: StoredRun, last: StoredEvent, before: StoredEvent | undefined): string[] {
  const faults: string[] = [];
  const data = JSON.parse(last.data) as Record<string, unknown>;
  const said = last.type === "error" ? "error" : data.status;
  if (said !== run.status) faults.push(`is ${run.status}, and its last event says ${said}`);
  if (last.type === "error" && data.code !== run.error_code) {
    faults.push(`failed with ${run.error_code}, and its last event says ${data.code}`);
  }
  if (run.status === "cancelled" && before?.type !== "cancelled") faults.push("was cancelled without a word");
  if (
    last.type === "done" &&
    (data.tokens_in !== Number(run.tokens_in) || data.tokens_out !== Number(run.tokens_out))
  ) {
    faults.push(
      `counts ${run.tokens_in}/${run.tokens_out} tokens, done says ${data.tokens_in}/${data.tokens_out}`,
    );
  }
  if (run.lease_owner !== null) faults.push("has ended and is still leased");
  return faults;
}

function checkTokens(run: StoredRun, log: StoredEvent[]): string[] {
  const steps = log
    .filter(({ type }) => type === "llm_end")
    .map(({ data }) => JSON.parse(data) as { tokens_in: number; tokens_out: number });
  const [tokensIn, tokensOut] = [sum(steps, "tokens_in"), sum(steps, "tokens_out")];
  if (Number(run.tokens_in) === tokensIn && Number(run.tokens_out) === tokensOut) return [];
  return [`counts ${run.tokens_in}/${run.tokens_out} tokens, its steps ${tokensIn}/${tokensOut}`];
}
