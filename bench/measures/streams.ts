import { randomUUID } from "node:crypto";
import { Agent, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSeconds, openLimit, peakMegabytes } from "../processes.ts";
import type { Row } from "../report.ts";
import { type Bench, createTask, type SetUpOptions } from "../setup.ts";
import { median, now, percentile } from "../statistics.ts";
import { call, frames, json, text } from "../wire.ts";

const wantedStreams = 10_000;
const liveRuns = 1_000;
const paceMs = 250;
const watchedMs = 60_000;
/** For the runs to begin one after the other, and to be watched for a minute after the last of them has. */
const words = (watchedMs + 30_000) / paceMs;
/** Files and connections that are no streams: those to models and the database among them. */
const reserve = 2_000;
const atOnce = 20;
/** Exchanges with the model server beside them, to compare with. */
const directExchanges = 50;

/** Every live run at work at the same time. */
export const streamsSetUp: SetUpOptions = { environment: { ZCBOT_LIMIT_RUNS: String(liveRuns) } };

/** Connections that stay; none waits for another one. */
const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });

/** One open stream, and what came over it. */
interface Stream {
  kind: "run" | "task" | "user";
  /** Words of the answer so far; each carries its number. */
  words: number;
  missed: number;
  done: boolean;
  broken: boolean;
  close(): void;
}

/** What all streams have in common: where lateness is noted, while it is to be. */
interface Watch {
  lateness: number[];
  /** Of some exchanges straight with the model server, in the same minute: what the machine itself takes. */
  direct: number[];
  watching: boolean;
}

/**
 * As many people's pages as a server may have open: each has the stream of all its tasks; a thousand of them
 * also follow a run at work, once as a run and once as a task.
 */
export async function measureStreams(bench: Bench): Promise<Row[]> {
  const room = Math.min(openLimit(bench.serverPid), openLimit(process.pid)) - reserve;
  const count = Math.min(wantedStreams, room);
  const live = Math.min(liveRuns, Math.floor(count / 3));
  const watch: Watch = { lateness: [], direct: [], watching: false };
  const streams: Stream[] = [];
  const tokens: string[] = [];
  await inTurn(count - 2 * live, async () => {
    const token = await bench.signIn(randomUUID());
    tokens.push(token);
    streams.push(await openStream(bench.url, "/v1/events", token, "user", watch));
  });
  const began = now();
  await inTurn(live, async (index) => {
    streams.push(...(await startRun(bench.url, tokens[index] ?? "", watch)));
  });
  const startSeconds = (now() - began) / 1000;
  await inTurn(directExchanges, async () => void followDirectly(bench.modelUrl, watch));
  const cpuBefore = cpuSeconds(bench.serverPid);
  watch.watching = true;
  await sleep(watchedMs);
  watch.watching = false;
  const cores = (cpuSeconds(bench.serverPid) - cpuBefore) / (watchedMs / 1000);
  // Until every run's last word has come, and some more.
  const patience = now() + (words * paceMs) / 2;
  const followers = streams.filter(({ kind }) => kind !== "user");
  while (followers.some(({ done, broken }) => !done && !broken) && now() < patience) await sleep(200);
  const dropped = streams.filter((stream) => isDropped(stream)).length;
  const memory = peakMegabytes(bench.serverPid);
  for (const stream of streams) stream.close();
  agent.destroy();
  const label = `${streams.length} open streams, ${live} live runs`;
  const perSecond = watch.lateness.length / (watchedMs / 1000);
  return [
    {
      name: `${label}: streams dropped, or with words missing`,
      unit: "",
      figure: dropped,
      limit: 0,
      atMost: true,
    },
    { name: `${label}: words delivered a second`, unit: "/s", figure: perSecond },
    {
      name: `${label}: lateness of a word, p50`,
      unit: "ms",
      figure: median(watch.lateness),
      ours: median(watch.lateness),
      direct: median(watch.direct),
    },
    {
      name: `${label}: lateness of a word, p99`,
      unit: "ms",
      figure: percentile(watch.lateness, 0.99),
      ours: percentile(watch.lateness, 0.99),
      direct: percentile(watch.direct, 0.99),
      limit: 250,
      atMost: true,
    },
    { name: `${label}: server's memory (RSS), peak`, unit: "MB", figure: memory, limit: 1024, atMost: true },
    { name: `${label}: CPU of server and database`, unit: "cores", figure: cores },
    { name: `${label}: start of these runs and their streams`, unit: "s", figure: startSeconds },
  ];
}

/** What was open has to be open in the end, and what ended has to have said everything. */
function isDropped({ kind, words: heard, missed, done, broken }: Stream): boolean {
  return broken || (kind !== "user" && (!done || missed > 0 || heard !== words));
}

async function startRun(url: string, token: string, watch: Watch): Promise<Stream[]> {
  const task = await createTask(url, token);
  const path = `/v1/tasks/${task}`;
  const headers = { Authorization: `Bearer ${token}` };
  const content = `chat ${words} ${paceMs}`;
  const accepted = await call(`${url}${path}/messages`, { headers, json: { content } });
  if (accepted.statusCode !== 202) throw new Error(await text(accepted));
  const { events_url } = await json<{ events_url: string }>(accepted);
  return [
    await openStream(url, events_url, token, "run", watch),
    await openStream(url, `${path}/events`, token, "task", watch),
  ];
}

/** Reads an answer from the model server itself, and gives up at its end or with the agent. */
async function followDirectly(modelUrl: string, watch: Watch): Promise<void> {
  const messages = [{ role: "user", content: `chat ${words} ${paceMs}` }];
  const response = await call(`${modelUrl}/chat/completions`, {
    agent,
    json: { model: "scripted", stream: true, messages },
  });
  await frames(response, (frame) => {
    if (!watch.watching) return;
    const arrived = now();
    for (const [, time] of frame.matchAll(stamped)) watch.direct.push(arrived - Number(time));
  }).catch(() => {});
}

async function openStream(
  url: string,
  path: string,
  token: string,
  kind: Stream["kind"],
  watch: Watch,
): Promise<Stream> {
  const response = await call(url + path, { headers: { Authorization: `Bearer ${token}` }, agent });
  if (response.statusCode !== 200) throw new Error(`${path}: ${await text(response)}`);
  let closed = false;
  const stream: Stream = {
    kind,
    words: 0,
    missed: 0,
    done: false,
    broken: false,
    close() {
      closed = true;
      response.destroy();
    },
  };
  read(response, stream, watch)
    .catch(() => {})
    .finally(() => {
      // Only a run's own stream ends by itself, after its last word.
      stream.broken = !closed && !(kind === "run" && stream.done);
    });
  return stream;
}

/** A word says when it was sent, and which one it is. */
const stamped = /@(\d+(?:\.\d+)?) word (\d+) /g;

async function read(response: IncomingMessage, stream: Stream, watch: Watch): Promise<void> {
  await frames(response, (frame) => {
    const arrived = now();
    if (frame.includes("event: done\n")) stream.done = true;
    for (const [, time, number] of frame.matchAll(stamped)) {
      if (Number(number) !== stream.words) stream.missed += 1;
      stream.words += 1;
      if (watch.watching) watch.lateness.push(arrived - Number(time));
    }
  });
}

/** Does something so many times, a few at a time. */
async function inTurn(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const loop = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
}
