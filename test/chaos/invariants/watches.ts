import type { StreamRecord, WatchRecord } from "../client/history.ts";
import { frameOf, isUnfinished, type Stored } from "./stored.ts";

/** What must hold for every watcher: each connection carried the log from where it asked, byte for byte. */
export function checkWatches(watches: WatchRecord[], { runs, events }: Stored): string[] {
  const faults: string[] = [];
  for (const watch of watches) {
    const name = `a watcher (${watch.style}) of run ${watch.runId}`;
    const log = (events.get(watch.runId) ?? []).map(frameOf);
    for (const [number, { from, frames, end }] of watch.connections.entries()) {
      const wrong = frames.findIndex((frame, index) => frame !== log[from + index]);
      if (wrong < 0) continue;
      faults.push(
        `${name}, connection ${number + 1} from ${from} (${end}): frame ${wrong + 1} is ` +
          `${JSON.stringify(frames[wrong])}, the log has ${JSON.stringify(log[from + wrong])}`,
      );
    }
    const run = runs.find(({ run_id }) => run_id === watch.runId);
    if (watch.finishedAt === undefined && run && !isUnfinished(run)) {
      const ends = watch.connections.slice(-5).map(({ end }) => end);
      faults.push(
        `${name} never saw its end, which is ${run.status}; its last connections: ${ends.join("; ")}`,
      );
    }
    if (watch.finishedAt !== undefined) {
      const last = watch.connections.at(-1);
      if ((last?.from ?? 0) + (last?.frames.length ?? 0) !== log.length)
        faults.push(`${name} missed the log's end`);
    }
  }
  return faults;
}

/** What must hold for the stream of a task: the events of all its runs, each once and in the order of its log. */
export function checkStreams(streams: StreamRecord[], { runs, events }: Stored): string[] {
  const faults: string[] = [];
  for (const { taskId, frames, connections } of streams) {
    const name = `the stream of task ${taskId} (${connections} connections)`;
    const byRun = Map.groupBy(frames, ({ data }) => (JSON.parse(data) as { run_id: string }).run_id);
    for (const { run_id } of runs.filter(({ task_id }) => task_id === taskId)) {
      const log = events.get(run_id) ?? [];
      const seen = byRun.get(run_id) ?? [];
      const expected = log.map(({ type, data }) => [type, withRun(data, run_id)]);
      const got = seen.map(({ event, data }) => [event, withRun(data, run_id)]);
      if (JSON.stringify(expected) === JSON.stringify(got)) continue;
      const wrong = expected.findIndex(
        (event, index) => JSON.stringify(event) !== JSON.stringify(got[index]),
      );
      faults.push(
        `${name} told ${got.length} of ${expected.length} events of run ${run_id}; ` +
          `the first that differs is ${wrong + 1}: ${got[wrong]}, not ${expected[wrong]}`,
      );
    }
  }
  return faults;
}

/** An event's data with its run, in one order of fields. */
function withRun(data: string, run_id: string): string {
  const said = { ...(JSON.parse(data) as Record<string, unknown>), run_id };
  return JSON.stringify(said, Object.keys(said).toSorted());
}
