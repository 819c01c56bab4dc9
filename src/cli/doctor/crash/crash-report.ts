import { type Check, failed, ok, warning } from "../report.ts";

/** What the effects are made with: the shell, or edits where the agent has none. */
export type ToolKind = "bash" | "edit";

export interface Tally {
  total: number;
  lost: number;
  duplicated: number;
}

/** One kill -9 of the server. */
export interface Crash {
  point: string;
  /** From the start of the next server until it listened, milliseconds. */
  start_ms: number;
  /** From the kill until a watcher saw the run go on, the next server's start included; null: never. */
  went_on_ms: number | null;
}

/** What a run over killed servers came to. */
export interface CrashReport {
  database: string;
  tool: ToolKind;
  crashes: Crash[];
  planned_crashes: number;
  events: Tally;
  messages: Tally;
  effects: Tally;
  /** Steps whose words on the screen are not those that were stored. */
  differing: number;
  /** What calls were answered that did not succeed: those that a crash cut off. */
  errors: string[];
  /** Whether the command that was at work when its server was killed went on without it. */
  outlived: boolean;
  /** How the run ended, in a word or the error's. */
  end: string;
}

/** A run that goes on later than this after the next server listens is too late, milliseconds. */
const latestMs = 10_000;

/** The lines that say what the crash test found. */
export function describeCrash(report: CrashReport): Check[] {
  const { events, messages, effects, crashes } = report;
  const cut = report.errors.length === 1 ? "1 call was" : `${report.errors.length} calls were`;
  return [
    describeEnd(report),
    describeTally("events", events, "in the log, seen by a watcher over all connections"),
    describeTally("messages", messages, "stored", report.differing),
    describeTally("effects", effects, `in the file; ${cut} cut off, and answered with "outcome unknown"`),
    ...(report.errors.length > crashes.length ? [describeErrors(report)] : []),
    ...crashes.map(describeGoingOn),
    ...(report.outlived
      ? [warning("commands", "the command at work went on after its server was killed", containmentAdvice)]
      : []),
  ];
}

const containmentAdvice = "See containment above: with pid namespaces it ends with the server.";
const tell = "This must not happen: please report it, with this output.";

function describeEnd({ crashes, planned_crashes: planned, end, tool, database }: CrashReport): Check {
  const name = "crash test";
  const how = tool === "bash" ? "commands" : "edits, as the agent has no shell here";
  const text = `killed the server ${crashes.length} times in one run of ${how}, on ${database}; it ended: ${end}`;
  if (end !== "ok") return failed(name, text, tell);
  if (crashes.length === planned) return ok(name, text);
  return warning(name, text, `It was over before it could be killed ${planned} times: try again.`);
}

function describeTally(name: string, tally: Tally, what: string, differing = 0): Check {
  const { total, lost, duplicated } = tally;
  const more = differing > 0 ? `; ${differing} of them are not what watchers were shown` : "";
  const text = `${lost} lost, ${duplicated} duplicated of ${total} ${what}${more}`;
  return lost + duplicated + differing === 0 ? ok(name, text) : failed(name, text, tell);
}

/** A call that fails by itself has no effect, and proves nothing. */
function describeErrors({ errors, crashes, tool }: CrashReport): Check {
  const text = `${errors.length} calls failed, and only ${crashes.length} servers were killed: ${errors.join(" / ")}`;
  return failed("effects", text, `The agent's tools must work here: ${tool}, write, read and list.`);
}

function describeGoingOn({ point, start_ms: start, went_on_ms: wentOn }: Crash): Check {
  const name = "going on";
  if (wentOn === null) return failed(name, `killed ${point}: the run did not go on`, tell);
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
  const text = `killed ${point}: seen at work again after ${seconds(wentOn)}, ${seconds(start)} of it the next server's start`;
  if (wentOn - start <= latestMs) return ok(name, text);
  return failed(name, text, `It should take at most ${seconds(latestMs)} once a server is there.`);
}
