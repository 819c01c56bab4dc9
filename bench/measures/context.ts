import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContext } from "../../src/agent/context/create-context.ts";
import type { ConversationMessage, Model } from "../../src/agent/model/model.ts";
import { createLogger } from "../../src/server/log.ts";
import { readContext } from "../../src/server/store/agent/contexts.ts";
import { type Database, openDatabase } from "../../src/server/store/database.ts";
import { readConversation } from "../../src/server/store/messages.ts";
import { migrate } from "../../src/server/store/migrations/migrate.ts";
import { startEmbeddedPostgres } from "../../src/server/store/postgres/embedded-postgres.ts";
import { openDirectory } from "../../src/workspace/open-directory.ts";
import { calls, says } from "../../test/support/model-turn.ts";
import { storeConversation } from "../../test/support/stored-conversation.ts";
import { insertTaskRow } from "../../test/support/task-row.ts";
import type { Row } from "../report.ts";
import type { Bench } from "../setup.ts";
import { directSide, zcbotSide } from "../sides.ts";
import { median, now, percentile } from "../statistics.ts";

const rounds = 30;
const warmUp = 5;
/** Of one run. */
const steps = 40;
const stepRuns = 6;

/** What it takes to show the model a conversation of 1,000 messages (2 MB), from the database on, and each step after. */
export async function measureAssembly(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "zcbot-bench-"));
  const logger = createLogger("warn");
  const postgres = await startEmbeddedPostgres({ folder: join(folder, "postgres"), logger });
  const database = openDatabase(postgres.address, { poolSize: 2, applicationName: "bench", logger });
  try {
    await migrate(database);
    const { userId, taskId } = await insertTaskRow(database);
    await storeConversation(database, taskId, { goal: "汇总一千份合同", calls: 499, characters: 2_000 });
    const first: number[] = [];
    const later: number[] = [];
    for (let round = 0; round < rounds + warmUp; round++) {
      const times = await assemble(database, userId, taskId, folder);
      if (round < warmUp) continue;
      first.push(times.first);
      later.push(...times.later);
    }
    return [
      ...row("context of 1,000 messages: database read and token counts", first, 40),
      ...row("context of 1,000 messages: each following step", later, 3),
    ];
  } finally {
    await database.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function assemble(
  database: Database,
  userId: string,
  taskId: string,
  folder: string,
): Promise<{ first: number; later: number[] }> {
  const directory = await openDirectory(folder);
  const facts = { profile: "", contextWindow: 4_000_000, maxOutputTokens: 8_000, vision: true, prices: null };
  const model: Model = { id: "m", facts, call: () => Promise.reject(new Error("not called")) };
  const sections = [{ name: "How you work", text: "你是助手。".repeat(500) }];
  const sink = { event() {}, context() {}, message: () => 0, committed: async () => {} };
  const { signal } = new AbortController();

  const began = now();
  const [stored, record] = await Promise.all([
    readConversation(database, userId, taskId),
    readContext(database, userId, taskId),
  ]);
  const conversation: ConversationMessage[] = stored.map(({ payload, tokensIn }) => ({ payload, tokensIn }));
  const context = createContext({
    ...{ record, firstIdx: 0, sections, renewSections: async () => sections, isResumed: false },
    ...{ directory, userRoot: directory, directoryName: "", summaryModel: model },
  });
  const call = { step: 1, model, tools: [], conversation };
  await context.prepare(call, sink, signal);
  const first = now() - began;

  const later: number[] = [];
  for (let step = 0; step < 20; step++) {
    conversation.push(
      ...(conversation.slice(1, 3).map((message) => ({ ...message })) as ConversationMessage[]),
    );
    const stepBegan = now();
    await context.prepare(call, sink, signal);
    later.push(now() - stepBegan);
  }
  return { first, later };
}

/** From the end of a model's answer until the next request stands before the model, around a tool that does nothing. */
export async function measureSteps(bench: Bench): Promise<Row[]> {
  const { models } = bench;
  if (!models) throw new Error("the model server has to be here");
  let ended = 0;
  let gaps: number[] = [];
  let index = 0;
  models.handle(() => {
    if (index > 0) gaps.push(now() - ended);
    const turn = index++ < steps ? calls("list", { path: `没有的 ${index}` }, `c${index}`) : says("完");
    ended = now();
    return turn;
  });
  const measure = async (side: () => Promise<unknown>): Promise<number[]> => {
    gaps = [];
    for (let run = 0; run < stepRuns; run++) {
      index = 0;
      await side();
    }
    return gaps;
  };
  const ours = zcbotSide(bench.url, bench.token, () => bench.createTask());
  const direct = directSide(bench.modelUrl, steps);
  await measure(() => ours(`热身 ${randomUUID()}`));
  const mine = await measure(() => ours("想四十次"));
  const theirs = await measure(() => direct("想四十次"));
  const [a, b] = [median(mine), median(theirs)];
  return [
    {
      name: "step: model end to next call, p50",
      unit: "ms",
      figure: a,
      ours: a,
      direct: b,
      limit: 4,
      atMost: true,
    },
    { name: "step: model end to next call, p95", unit: "ms", figure: percentile(mine, 0.95) },
  ];
}

function row(name: string, times: number[], limit: number): Row[] {
  return [
    { name: `${name}, p50`, unit: "ms", figure: median(times), limit, atMost: true },
    { name: `${name}, p95`, unit: "ms", figure: percentile(times, 0.95) },
  ];
}
