import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { matchesPattern } from "../agent/approvals/match-pattern.ts";
import type { Skills } from "../agent/skills/skills.ts";
import { createTools } from "../agent/tools/tools.ts";
import type { ApprovalRule } from "../protocol/agent/approval.ts";
import type { Directory } from "../workspace/directory.ts";
import { startWatchdog } from "../workspace/processes/watchdog.ts";
import { killAllCommands } from "../workspace/start-command.ts";
import { endAllThreads } from "../workspace/threads/job-thread.ts";
import { createWebAccess } from "../workspace/web/web-access.ts";
import type { DataFolder } from "./data-folder/data-folder.ts";
import { EventFeed } from "./events/event-feed.ts";
import { EventLog } from "./events/event-log.ts";
import { TaskChanges } from "./events/task-changes.ts";
import type { Gate } from "./http/auth/gate.ts";
import type { Models } from "./models.ts";
import { executeRun } from "./runs/execute-run.ts";
import { readAhead } from "./runs/gather-setting.ts";
import type { Mcp } from "./runs/mcp.ts";
import { identify } from "./runs/membership.ts";
import type { Starting } from "./runs/start-run.ts";
import { Worker } from "./runs/worker.ts";
import type { ChosenSandbox } from "./sandbox-level.ts";
import type { Config } from "./settings/config.ts";
import { StartError } from "./start-error.ts";
import type { Database } from "./store/database.ts";
import { retryWhileAway } from "./store/database-away.ts";
import { listen, type NoticeHandler } from "./store/notifications.ts";
import { removeOtherServers, removeServer } from "./store/servers.ts";

/** What is to be stopped, in the order it was started. */
export type Stops = (() => Promise<unknown>)[];

/** What a server is put together from. */
export interface Parts {
  config: Config;
  folder: DataFolder;
  database: Database;
  runsDatabase: Database;
  models: Models;
  sandbox: ChosenSandbox;
  logger: Logger;
  userRoot: (userId: string) => Promise<Directory>;
  skillsOf: (userRoot: Directory) => Skills;
  mcp: Mcp;
  gate: Gate;
}

/** A name that is no tool's would protect nothing; tools of other servers are not known yet. */
function checkApprovals(rules: ApprovalRule[]): void {
  const tools = createTools({ bash: true, maxCommandMs: 1_000, web: createWebAccess([]) });
  const names = [...tools.map((tool) => tool.definition.name), "search_web"];
  const unknown = rules.filter(
    ({ tool }) => !names.some((name) => matchesPattern(tool, name)) && !tool.startsWith("mcp__"),
  );
  if (unknown.length === 0) return;
  throw new StartError(
    unknown.map(
      ({ tool }) => `ZCBOT_APPROVALS: there is no tool "${tool}". The tools are ${names.join(", ")}.`,
    ),
    2,
  );
}

/**
 * With the built-in database a run that is handed over only waits for the next start: nothing is gained by patience.
 */
const longestLocalDrainMs = 3_000;

/** Starts what works on runs, and what tells of them. */
export async function startWork(parts: Parts, started: Stops): Promise<Starting> {
  const { config, database, runsDatabase, models, sandbox, logger, userRoot, gate } = parts;
  const feed = new EventFeed(database);
  const eventLog = new EventLog(runsDatabase, feed, logger);
  const changes = new TaskChanges(database, logger);
  const { limits } = config;
  checkApprovals(config.approvals);
  const execution = {
    database: runsDatabase,
    eventLog,
    logger,
    userRoot,
    profileFor: models.profileFor,
    tools: createTools({
      bash: sandbox.commands,
      maxCommandMs: limits.commandMs,
      network: sandbox.sandbox.network,
      isolated: sandbox.shown !== "off",
      profiles: models.list().profiles.map(({ name }) => name),
      ...(config.fetch === "on" && { web: createWebAccess(config.networkAllow) }),
      search: config.search,
    }),
    sandbox: sandbox.sandbox,
    skillsOf: parts.skillsOf,
    mcp: parts.mcp,
    maxSteps: limits.steps,
    maxAttempts: limits.attempts,
    approvals: config.approvals,
    approvalMs: limits.approvalMs,
  };
  const identity = identify(randomUUID(), config.role);
  const isShared = config.databaseUrl !== undefined;
  // The data folder's own database serves one server at a time: whoever was registered before is dead, and nobody
  // will take over from this one while it hangs.
  const watchdog = isShared ? startWatchdog() : undefined;
  if (watchdog) started.push(async () => watchdog.stop());
  if (!isShared) await retryWhileAway(() => removeOtherServers(database, identity.serverId));
  const worker = new Worker({
    identity,
    database: runsDatabase,
    eventLog,
    feed,
    changes,
    logger,
    maxRuns: config.role === "api" ? 0 : limits.runs,
    maxUserRuns: limits.userRuns,
    drainMs: isShared ? limits.drainMs : Math.min(limits.drainMs, longestLocalDrainMs),
    onRenewed: (milliseconds) => watchdog?.extend(milliseconds),
    execute: (run, control) => executeRun(run, control, execution),
    readAhead: (userId) => readAhead(userId, execution),
  });
  const listening = new AbortController();
  const onNotice: NoticeHandler = (notice, subject) => {
    if (notice === "run") for (const runId of subject.split(" ")) feed.wake(runId);
    else if (notice === "task") changes.wake(subject);
    else if (notice === "steer") worker.steer(subject);
    else if (notice === "user") gate.shutOut(subject);
    else if (notice === "server") {
      worker.lookAround();
      changes.wakeAll();
      gate
        .shutOutSuspended()
        .catch((error) => logger.warn({ error }, "suspended users could not be looked for"));
      // A cancelled run that is not at work here may be one that still waits.
    } else if (notice === "queue" || !worker.cancel(subject)) worker.nudge();
  };
  await retryWhileAway(() => listen(database, onNotice, logger, listening.signal));
  await retryWhileAway(() => worker.start());
  started.push(async () => {
    await worker.stop();
    await parts.mcp.close();
    await Promise.all([killAllCommands(), endAllThreads()]);
    feed.close();
    changes.close();
    listening.abort();
    await removeServer(database, identity.serverId);
    // What was handed over can be taken from now on.
    await worker.tell("queue", "");
  });
  return { database, worker, feed, changes, logger };
}
