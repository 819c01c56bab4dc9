import { endsRun, type NumberedEvent } from "../../../protocol/event.ts";
import type { ChatMessage } from "../../../protocol/message.ts";
import type { CrashReport, Tally } from "./crash-report.ts";
import type { CrashWork, Instruction } from "./crash-work.ts";
import { outlivedLabel } from "./crash-work.ts";
import type { Witness } from "./witness.ts";

/** All that is left of a run when it has ended. */
export interface Remains {
  work: CrashWork;
  witness: Witness;
  /** The log, read once more from its first event. */
  log: NumberedEvent[];
  messages: ChatMessage[];
  /** The content of the file of effects. */
  effects: string;
}

/** Counts what was lost, and what was done, said or shown twice. */
export function judge(
  remains: Remains,
): Pick<CrashReport, "events" | "messages" | "effects" | "differing" | "errors" | "outlived" | "end"> {
  const { log, effects } = remains;
  const last = log.at(-1);
  return {
    events: judgeEvents(remains),
    messages: judgeMessages(remains),
    effects: judgeEffects(remains),
    differing: countDiffering(remains),
    errors: log.flatMap((event) => (event.type === "tool_result" && event.is_error ? [event.content] : [])),
    outlived: words(effects).includes(outlivedLabel),
    end:
      last?.type === "done" ? last.status : last?.type === "error" ? `${last.code}: ${last.msg}` : "no end",
  };
}

function judgeEvents({ witness, log }: Remains): Tally {
  const seen = new Map(witness.seen.map((event) => [event.seq, JSON.stringify(event)]));
  const stored = new Map(log.map((event) => [event.seq, JSON.stringify(event)]));
  const unseen = log.filter(({ seq }) => !seen.has(seq)).length;
  // What was shown to somebody stays in the log as it was shown.
  const gone = [...seen].filter(([seq, text]) => stored.get(seq) !== text).length;
  const ends = log.filter(({ type }) => endsRun(type)).length;
  return {
    total: log.length,
    lost: Math.max(witness.lost, unseen) + gone + (ends === 0 ? 1 : 0),
    duplicated: witness.duplicated + (log.length - stored.size) + Math.max(0, ends - 1),
  };
}

function judgeMessages({ work, messages }: Remains): Tally {
  const answers = messages.filter((message) => message.role === "assistant");
  const calls = answers.flatMap((answer) => answer.tool_calls ?? []);
  const results = messages.filter((message) => message.role === "tool");
  const counts = [
    messages.filter((message) => message.role === "user").length,
    ...work.instructions.map((instruction) => calls.filter((call) => isCallOf(call, instruction)).length),
    ...calls.map(({ id }) => results.filter((result) => result.tool_call_id === id).length),
    answers.filter((answer) => answer.tool_calls === undefined).length,
  ];
  return tally(counts, messages.length);
}

function isCallOf(
  call: { function: { name: string; arguments: string } },
  instruction: Instruction,
): boolean {
  const { name, arguments: text } = call.function;
  return name === instruction.tool && (instruction.label === undefined || text.includes(instruction.label));
}

function judgeEffects({ work, log, effects }: Remains): Tally {
  const done = words(effects);
  const results = new Map(log.flatMap((event) => (event.type === "tool_result" ? [[event.id, event]] : [])));
  const succeeded = (label: string) =>
    log.some(
      (event) =>
        event.type === "tool_call" &&
        JSON.stringify(event.arguments).includes(label) &&
        results.get(event.id)?.is_error === false,
    );
  const counts = work.instructions.flatMap(({ label }) => {
    if (label === undefined) return [];
    const count = done.filter((word) => word === label).length;
    // A call whose outcome is unknown may have had no effect.
    return [count === 0 && !succeeded(label) ? 1 : count];
  });
  return tally(counts, done.filter((word) => word.startsWith("effect-")).length);
}

/** Each of the counts should be one. */
function tally(counts: number[], total: number): Tally {
  return {
    total,
    lost: counts.filter((count) => count === 0).length,
    duplicated: counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
  };
}

function words(text: string): string[] {
  return text.split(/\s+/);
}

/** Steps whose words, as a watcher has them in the end, are not those of the message that was stored. */
function countDiffering({ log, messages }: Remains): number {
  const shown = new Map<number, string>();
  let step = 0;
  for (const event of log) {
    // A second start of the same step takes back what was streamed for it.
    if (event.type === "llm_start") {
      step = event.step;
      shown.set(step, "");
    }
    if (event.type === "text") shown.set(step, (shown.get(step) ?? "") + event.text);
  }
  const stored = messages.flatMap((message) => (message.role === "assistant" ? [message.content ?? ""] : []));
  const texts = [...shown.values()];
  return Math.max(texts.length, stored.length) - texts.filter((text, index) => text === stored[index]).length;
}
