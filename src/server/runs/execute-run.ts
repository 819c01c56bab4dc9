import type { Logger } from "pino";
import { runAgent } from "../../agent/agent.ts";
import { loadMemory } from "../../agent/memory.ts";
import type { Model } from "../../agent/model/model.ts";
import { planRetry } from "../../agent/model/retry.ts";
import { buildSystemPrompt } from "../../agent/prompt.ts";
import { loadSkill } from "../../agent/skills.ts";
import type { Tool } from "../../agent/tools/tool.ts";
import type { Directory } from "../../workspace/directory.ts";
import type { RunEnd } from "../store/append.ts";
import type { Database } from "../store/database.ts";
import { readConversation } from "../store/messages.ts";
import { type EventLog, LeaseLostError } from "./event-log.ts";
import type { RunLog } from "./run-log.ts";
import type { StartedRun, Stop } from "./worker.ts";

export interface ExecutionOptions {
  database: Database;
  eventLog: EventLog;
  logger: Logger;
  userRoot: (userId: string) => Promise<Directory>;
  /** The model of a profile ("" for the default one); undefined if there is no such profile. */
  modelFor: (profile: string) => Model | undefined;
  tools: Tool[];
  skillsDirectory: string;
  maxSteps: number;
}

/** Reads ahead what a run of this user will need, while the run itself is being stored. Never rejects. */
export async function readAhead(
  userId: string,
  { userRoot }: Pick<ExecutionOptions, "userRoot">,
): Promise<string | undefined> {
  try {
    return await loadMemory(await userRoot(userId));
  } catch {
    // The run will try again and end with the reason.
    return undefined;
  }
}

/**
 * Executes a leased run to its end: gathers what the agent needs, lets it work, and writes its last
 * word. Never rejects: whatever happens is an end of the run, unless the run is no longer ours.
 */
export async function executeRun(
  run: StartedRun,
  stop: AbortSignal,
  options: ExecutionOptions,
): Promise<void> {
  const lost = new AbortController();
  const log = options.eventLog.open({ ...run, lastSeq: 0 }, (reason) => lost.abort(reason));
  const signal = AbortSignal.any([stop, lost.signal]);
  try {
    log.event({ type: "run_start", run_id: run.runId, task_id: run.taskId });
    const end = await work(run, log, signal, options);
    if (end.status === "cancelled") {
      await (stop.reason as Stop | undefined)?.marked;
      log.event({ type: "cancelled" });
    }
    await log.end(end);
  } catch (error) {
    if (error instanceof LeaseLostError || lost.signal.aborted) {
      options.logger.warn({ runId: run.runId, error }, "a run is no longer this server's");
    } else {
      options.logger.error({ runId: run.runId, error }, "a run failed unexpectedly");
      await log.end(internalError).catch(() => {});
    }
  } finally {
    options.eventLog.close(log);
  }
}

const internalError: RunEnd = {
  status: "error",
  errorCode: "internal_error",
  errorMessage: "Something went wrong on the server. Its log has the details.",
};

async function work(
  run: StartedRun,
  log: RunLog,
  signal: AbortSignal,
  options: ExecutionOptions,
): Promise<RunEnd> {
  if (signal.aborted) return endOf(signal);
  const model = options.modelFor(run.profile);
  if (!model) {
    return failed(
      "model_profile_unknown",
      `The task's model profile '${run.profile}' is no longer configured. Choose another one for the task.`,
    );
  }
  const root = await options.userRoot(run.userId);
  const [conversation, memory, skill] = await Promise.all([
    run.conversation ?? readConversation(options.database, run.userId, run.taskId),
    run.memory?.then((memory) => memory ?? loadMemory(root)) ?? loadMemory(root),
    run.skill === "" ? null : loadSkill(options.skillsDirectory, run.skill),
  ]);
  const system = buildSystemPrompt({
    taskName: run.taskName,
    workingDirectory: run.directory,
    skillName: run.skill,
    skill,
    memory,
    tools: options.tools,
  });
  const outcome = await runAgent(
    {
      system,
      conversation: conversation.map(({ payload, providerData }) => ({
        payload,
        providerData: providerData ?? undefined,
      })),
      tools: options.tools,
      model,
      directory: root.child(run.directory),
      maxSteps: options.maxSteps,
      planRetry,
    },
    log,
    signal,
  );
  if (outcome.status === "cancelled") return endOf(signal);
  if (outcome.status === "error") return failed(outcome.code, outcome.message);
  return { status: "ok", errorCode: null, errorMessage: null };
}

/** How a run ends that was stopped from outside. */
function endOf(signal: AbortSignal): RunEnd {
  const { why }: Stop = signal.reason;
  if (why === "shutdown") {
    return failed(
      "server_stopped",
      "The server was stopped before the run had finished. Send a message to go on.",
    );
  }
  return { status: "cancelled", errorCode: null, errorMessage: null };
}

function failed(errorCode: string, errorMessage: string): RunEnd {
  return { status: "error", errorCode, errorMessage };
}
