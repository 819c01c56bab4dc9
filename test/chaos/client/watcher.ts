import { setTimeout as wait } from "node:timers/promises";
import type { Random } from "../random.ts";
import type { History, ReconnectStyle, WatchedConnection, WatchRecord } from "./history.ts";
import type { Person } from "./person.ts";

export interface WatchOptions {
  history: History;
  style: ReconnectStyle;
  /** How long the run may take, milliseconds. */
  patienceMs: number;
  /** Where this watcher drops its own connection: after so many bytes, drawn for each connection; none: never. */
  cutAfter?: () => number | undefined;
  /** Sees each frame as it comes. */
  onFrame?: (event: string, seq: number, data: string) => void;
}

/** Longer than the server's pings are apart: who hears nothing for so long is on a dead connection, milliseconds. */
const longestSilence = 20_000;

/** Follows a run to its end, however often the connection breaks, as a client of this style would. */
export async function watchRun(
  person: Person,
  taskId: string,
  runId: string,
  options: WatchOptions,
): Promise<WatchRecord> {
  const record: WatchRecord = {
    userId: person.userId,
    taskId,
    runId,
    style: options.style,
    connections: [],
  };
  options.history.watches.push(record);
  const deadline = performance.now() + options.patienceMs;
  let seen = 0;
  while (record.finishedAt === undefined && !record.refused && performance.now() < deadline) {
    const connection: WatchedConnection = {
      from: options.style === "zero" ? 0 : seen,
      frames: [],
      end: "closed",
    };
    record.connections.push(connection);
    const reading = new AbortController();
    const timer = setTimeout(() => reading.abort(), Math.max(0, deadline - performance.now()));
    try {
      await readConnection(person, record, connection, reading, options, (seq) => {
        seen = Math.max(seen, seq);
      });
    } catch (error) {
      if (connection.end === "closed") connection.end = String(error);
    }
    clearTimeout(timer);
    if (record.finishedAt === undefined && !record.refused) await wait(30);
  }
  return record;
}

async function readConnection(
  person: Person,
  record: WatchRecord,
  connection: WatchedConnection,
  reading: AbortController,
  { history, style, cutAfter, onFrame }: WatchOptions,
  onSeen: (seq: number) => void,
): Promise<void> {
  const path = `/v1/tasks/${record.taskId}/runs/${record.runId}/events`;
  const after = style === "after" && connection.from > 0 ? `?after=${connection.from}` : "";
  const headers: Record<string, string> = {};
  if (style === "last-event-id" && connection.from > 0) headers["Last-Event-ID"] = String(connection.from);
  const response = await person.fetch(path + after, { headers, signal: reading.signal });
  if (response.status !== 200 || !response.body) {
    connection.end = `answered ${response.status}`;
    if (response.status !== 503) {
      if (!history.deleted.has(record.taskId)) {
        history.faults.push(`the stream of run ${record.runId} was ${connection.end}`);
      }
      record.refused = true;
    }
    await response.body?.cancel();
    return;
  }
  const limit = cutAfter?.();
  let bytes = 0;
  let text = "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let silence = setTimeout(() => reading.abort(), longestSilence);
  try {
    for await (const chunk of response.body) {
      clearTimeout(silence);
      silence = setTimeout(() => reading.abort(), longestSilence);
      const whole = limit === undefined || bytes + chunk.length < limit;
      const taken = whole ? chunk : chunk.subarray(0, Math.max(0, limit - bytes));
      bytes += taken.length;
      text += decoder.decode(taken, { stream: true });
      text = takeFrames(text, (raw) => noteFrame(raw, record, connection, onSeen, history, onFrame));
      if (!whole) {
        connection.end = "dropped by the watcher";
        reading.abort();
        return;
      }
    }
  } finally {
    clearTimeout(silence);
  }
}

/** Hands over the whole frames of a text and gives what is left. */
export function takeFrames(text: string, take: (raw: string) => void): string {
  let start = 0;
  for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n", start)) {
    take(text.slice(start, end + 2));
    start = end + 2;
  }
  return text.slice(start);
}

function noteFrame(
  raw: string,
  record: WatchRecord,
  connection: WatchedConnection,
  onSeen: (seq: number) => void,
  history: History,
  onFrame: WatchOptions["onFrame"],
): void {
  const match = /^id: (\d+)\nevent: ([a-z_]+)\ndata: (\{[^\r\n]*\})\n\n$/.exec(raw);
  if (!match) {
    if (!/^(:|retry: )/.test(raw)) history.faults.push(`no frame of the contract: ${JSON.stringify(raw)}`);
    return;
  }
  const [, id, event = "", data = "{}"] = match;
  connection.frames.push(raw);
  onSeen(Number(id));
  if (event === "done" || event === "error") {
    record.finishedAt ??= performance.now();
    record.last ??= { event, data: JSON.parse(data) };
  }
  onFrame?.(event, Number(id), data);
}

/** Where a watcher drops its connection: a share of them, at a random byte of what usually comes. */
export function randomCuts(random: Random, share: number, most = 4_000): () => number | undefined {
  return () => (random.chance(share) ? random.whole(1, most) : undefined);
}
