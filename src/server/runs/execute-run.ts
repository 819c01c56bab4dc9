import type { Logger } from "pino";
import { type AgentOutcome, type AgentSink, runAgent } from "../../agent/agent.ts";
import { createContext } from "../../agent/context/create-context.ts";
import { createStepBudget } from "../../agent/delegate/step-budget.ts";
import type { ConversationMessage } from "../../agent/model/model.ts";
import { planRetry } from "../../agent/model/retry.ts";
import { skippedSkill } from "../../agent/skills/find-invoked-skill.ts";
import type { Skills } from "../../agent/skills/skills.ts";
import { settleToolCalls, unansweredCalls } from "../../agent/tool-calls.ts";
import { describeEnded } from "../../agent/tools/commands/process.ts";
import type { Tool } from "../../agent/tools/tool.ts";
import type { ApprovalRule } from "../../protocol/agent/approval.ts";
import type { Directory } from "../../workspace/directory.ts";
import { BackgroundProcesses } from "../../workspace/processes/background-processes.ts";
import type { Sandbox } from "../../workspace/sandbox/sandbox.ts";
import { type EventLog, LeaseLostError } from "../events/event-log.ts";
import type { RunLog } from "../events/run-log.ts";
import type { ProfileInForce } from "../models.ts";
import { readContext } from "../store/agent/contexts.ts";
import type { Database } from "../store/database.ts";
import { isDatabaseAway } from "../store/database-away.ts";
import { readConversation, type StoredMessage } from "../store/messages.ts";
import type { RunEnd } from "../store/runs/append.ts";
import { type RunProgress, readProgress, readUnstoredText } from "../store/runs/events.ts";
import { resumeAnswered } from "../store/runs/requests.ts";
import { gatherSetting, type Setting } from "./gather-setting.ts";
import type { Mcp } from "./mcp.ts";
import { createSteering } from "./steering.ts";
import type { Afterwards, RunControl, StartedRun, Stop } from "./worker.ts";

export interface ExecutionOptions {
  database: Database;
  eventLog: EventLog;
  logger: Logger;
  userRoot: (userId: string) => Promise<Directory>;
  /** What a profile comes to ("" for the default one); undefined if there is no such profile. */
  profileFor: (profile: string) => ProfileInForce | undefined;
  tools: Tool[];
  sandbox: Sandbox;
  skillsOf: (userRoot: Directory) => Skills;
  mcp: Mcp;
  maxSteps: number;
  /** How many servers may be lost with a run before it is given up. */
  maxAttempts: number;
  /** The operator's rules about tool calls. */
  approvals: readonly ApprovalRule[];
  /** How long a person has to allow a call. */
  approvalMs: number;
}

/**
 * Executes a leased run until it is over, or has to be let go of: gathers what the agent needs, lets it work from
 * where the run's log and messages end, and writes the last word. Never rejects: whatever happens is an end of the
 * run, unless the run is no longer ours.
 */
export async function executeRun(
  run: StartedRun,
  control: RunControl,
  options: ExecutionOptions,
): Promise<Afterwards> {
  const lost = new AbortController();
  const signal = AbortSignal.any([control.stop, lost.signal]);
  let log: RunLog | undefined;
  try {
    const past = await readPast(run, options);
    log = options.eventLog.open({ ...run, lastSeq: past.progress.lastSeq }, (reason) => lost.abort(reason));
    if (!past.progress.started) log.event({ type: "run_start", run_id: run.runId, task_id: run.taskId });
    const end = await work({ run, ...past }, log, { ...control, signal }, options);
    // Of a run that cannot be written any more nothing is to be written, least of all its end.
    lost.signal.throwIfAborted();
    if (end.status === "cancelled") {
      await (control.stop.reason as Stop | undefined)?.marked;
      log.event({ type: "cancelled" });
    }
    await log.end(end);
    // Somebody may have answered while the run was on its way to waiting for it.
    const answered = end.status === "waiting" ? await resumeIfAnswered(run, options) : 0;
    const isOver = end.status !== "waiting" && end.status !== "running";
    return { pending: isOver && log.pending > 0, claimable: end.status === "running" || answered > 0 };
  } catch (error) {
    if (error instanceof LeaseLostError || lost.signal.aborted || isDatabaseAway(error)) {
      // Whoever has it now, or this server's next heartbeat, goes on with it.
      options.logger.warn({ runId: run.runId, error }, "a run is no longer this server's");
    } else {
      options.logger.error({ runId: run.runId, error }, "a run failed unexpectedly");
      await log?.end(internalError).catch(() => {});
    }
    return { pending: (log?.pending ?? 0) > 0, claimable: false };
  } finally {
    if (log) options.eventLog.close(log);
  }
}

/** Never rejects: the run has been let go of, and a heartbeat looks after it too. */
async function resumeIfAnswered(
  { runId }: StartedRun,
  { database, logger }: ExecutionOptions,
): Promise<number> {
  return await resumeAnswered(database.pool, runId).catch((error) => {
    logger.warn({ runId, error }, "a run may go on later than it could");
    return 0;
  });
}

const internalError: RunEnd = {
  status: "error",
  errorCode: "internal_error",
  errorMessage: "Something went wrong on the server. Its log has the details.",
};

/** How far a run has come, and the conversation. */
interface Past {
  progress: RunProgress;
  /** From the first message on that the model is shown. */
  conversation: ConversationMessage[];
  /** How it is shown, as it is stored. */
  record: unknown;
}

/** A run that begins here has brought its past along. */
async function readPast(run: StartedRun, { database, maxAttempts }: ExecutionOptions): Promise<Past> {
  if (run.conversation) {
    const progress = { lastSeq: 0, started: false, steps: 0, delegatedSteps: 0, requests: new Map() };
    return { progress, conversation: run.conversation.map(asConversation), record: run.context ?? null };
  }
  // It may be its conversation that no server outlives.
  if (run.attempt > maxAttempts + 1) {
    return { progress: await readProgress(database, run.runId), conversation: [], record: null };
  }
  const [progress, stored, record] = await Promise.all([
    readProgress(database, run.runId),
    readConversation(database, run.userId, run.taskId),
    readContext(database, run.userId, run.taskId),
  ]);
  return { progress, conversation: stored.map(asConversation), record };
}

function asConversation({ payload, providerData, notes, tokensIn }: StoredMessage): ConversationMessage {
  return { payload, providerData: providerData ?? undefined, notes: notes ?? undefined, tokensIn };
}

type Control = RunControl & { signal: AbortSignal };

/** Works on the run, or ends it where it cannot be worked on. */
async function work(
  past: Past & { run: StartedRun },
  log: RunLog,
  control: Control,
  options: ExecutionOptions,
): Promise<RunEnd> {
  const { run, progress } = past;
  if (control.signal.aborted) return await endEarly(past, log, options, endOf(control.signal));
  if (run.attempt > options.maxAttempts) {
    return await endEarly(past, log, options, interruptedTooOften(run.attempt));
  }
  const profile = options.profileFor(run.profile);
  if (!profile) return await endEarly(past, log, options, profileUnknown(run.profile));
  if (progress.started) sayResumed(past, log);
  const setting = await gatherSetting(
    run,
    profile,
    options,
    AbortSignal.any([control.signal, control.leave]),
    invokedSkill(past.conversation),
  ).catch((error) => {
    options.logger.error({ runId: run.runId, error }, "what a run needs could not be gathered");
    return null;
  });
  if (!setting) return await endEarly(past, log, options, internalError);
  for (const msg of setting.unavailable) log.event({ type: "notice", code: "mcp_unavailable", msg });
  if (!progress.started) {
    const started = skippedSkill(past.conversation.at(-1)?.notes);
    const skipped = started === null ? setting.skipped : [...setting.skipped, started];
    for (const msg of skipped) log.event({ type: "notice", code: "skill_skipped", msg });
  }
  const outcome = await letAgentWork({ ...past, profile, setting }, log, control, options);
  return endAs(outcome, control, log);
}

/** Lets the agent work on the run from where it stands; what it has started in the background ends with it. */
async function letAgentWork(
  {
    run,
    progress,
    profile,
    setting,
    ...past
  }: Past & {
    run: StartedRun;
    profile: ProfileInForce;
    setting: Setting;
  },
  log: RunLog,
  control: Control,
  options: ExecutionOptions,
): Promise<AgentOutcome> {
  const processes = new BackgroundProcesses({
    signal: control.signal,
    onEnded: (state) => log.event({ type: "notice", code: "process_ended", msg: describeEnded(state) }),
  });
  return await runAgent(
    {
      context: createContext({
        ...setting.context,
        record: past.record,
        firstIdx: run.nextIdx - past.conversation.length,
        isResumed: progress.started,
        planRetry,
      }),
      workplace: { ...setting.workplace, processes },
      conversation: past.conversation,
      tools: setting.tools,
      model: profile.model,
      fallbacks: profile.fallbacks,
      profileFor: options.profileFor,
      maxSteps: options.maxSteps,
      // Also those that sub-agents took before the run waited, or went on elsewhere.
      steps: createStepBudget(options.maxSteps - progress.steps - progress.delegatedSteps),
      firstStep: progress.steps + 1,
      interrupted: isInterrupted(run),
      requests: progress.requests,
      approvals: {
        layers: {
          skill: setting.allowed,
          operator: options.approvals,
          profile: profile.approvals,
          user: run.userApprovals,
          task: run.approvals,
        },
        waitMs: options.approvalMs,
      },
      leave: control.leave,
      takeMessages: createSteering(options.database, run, {
        isResumed: progress.started,
        wasSteered: control.wasSteered,
      }),
      planRetry,
    },
    fencedSink(log, control),
    control.signal,
  ).finally(() => processes.close());
}

/** The name of the skill that the person's newest message starts. */
function invokedSkill(conversation: ConversationMessage[]): string | undefined {
  return conversation.findLast(({ payload }) => payload.role === "user")?.notes?.skill?.name;
}

/** Whoever had it before was lost without a word. */
function isInterrupted({ resumeReason }: StartedRun): boolean {
  return resumeReason === "server_lost";
}

/**
 * Ends a run that is not worked on here, so that its conversation stays valid: open calls are answered, and what had
 * been streamed of an answer becomes a message, unless the run is to go on elsewhere.
 */
async function endEarly(
  { run, progress, conversation }: Past & { run: StartedRun },
  log: RunLog,
  { database, tools }: ExecutionOptions,
  end: RunEnd,
): Promise<RunEnd> {
  if (!progress.started || end.status === "running") return end;
  const open = unansweredCalls(conversation);
  settleToolCalls(open, { tools, interrupted: isInterrupted(run), requests: progress.requests }, log);
  if (open.length === 0) storePartialText(await readUnstoredText(database, run.runId), log);
  return end;
}

/** What is committed is still ours to act upon: a server that was frozen in between finds out here. */
function fencedSink(log: RunLog, control: Control): AgentSink {
  return {
    event: (event) => log.event(event),
    context: (record) => log.context(record),
    message: (message) => log.message(message),
    async committed() {
      await log.committed();
      await control.confirmLease();
    },
  };
}

/** What the run's end is made of, once the agent has said how it went. */
function endAs(outcome: AgentOutcome, control: Control, log: RunLog): RunEnd {
  switch (outcome.status) {
    case "ok":
    case "waiting":
      return { status: outcome.status };
    case "left":
      return handedOver;
    case "cancelled": {
      const end = endOf(control.signal);
      // A run that goes on elsewhere does this step again.
      if (end.status === "cancelled") storePartialText(outcome.partialText, log);
      return end;
    }
    case "error":
      storePartialText(outcome.partialText, log);
      return failed(outcome.code, outcome.message);
  }
}

const handedOver: RunEnd = { status: "running", resumeReason: "server_stopped" };

/** How a run ends that was stopped from outside. */
function endOf(signal: AbortSignal): RunEnd {
  const { why }: Stop = signal.reason;
  return why === "shutdown" ? handedOver : { status: "cancelled" };
}

function profileUnknown(profile: string): RunEnd {
  return failed(
    "model_profile_unknown",
    `The task's model profile '${profile}' is no longer configured. Choose another one for the task.`,
  );
}

function failed(errorCode: string, errorMessage: string): RunEnd {
  return { status: "error", errorCode, errorMessage };
}

function interruptedTooOften(attempt: number): RunEnd {
  return failed(
    "crashed_repeatedly",
    `The run was broken off ${attempt - 1} times with its server, and is not tried again by itself. Send a message to go on.`,
  );
}

function storePartialText(text: string, log: RunLog): void {
  if (text.trim() !== "") log.message({ payload: { role: "assistant", content: text } });
}

function sayResumed({ run, progress, conversation }: Past & { run: StartedRun }, log: RunLog): void {
  const betweenCalls = unansweredCalls(conversation).length > 0;
  const step = betweenCalls ? progress.steps : progress.steps + 1;
  log.event({ type: "resumed", step, reason: run.resumeReason ?? "server_lost" });
}
