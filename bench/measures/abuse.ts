import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { calls, says, type Turn } from "../../test/support/model-turn.ts";
import type { Row } from "../report.ts";
import { type Bench, createTask, makeTasks, type SetUpOptions } from "../setup.ts";
import { zcbotSide } from "../sides.ts";
import { now, percentile } from "../statistics.ts";
import { call, text } from "../wire.ts";

/** What one user's commands do meanwhile; each ends by itself or by its limit of time. */
const abuses: Record<string, string> = {
  processor: "for i in 1 2 3 4 5 6 7 8; do while :; do :; done & done; wait",
  processes: "for i in $(seq 400); do sleep 30 & done; wait",
  memory: "tail /dev/zero; tail /dev/zero; sleep 30",
  output: "yes 洪水洪水洪水洪水",
  disk: "dd if=/dev/zero of=大 bs=1M count=20000; sleep 30",
  files: "for i in $(seq 100000); do : > f$i; done; sleep 30",
  temporary: "dd if=/dev/zero of=/tmp/大 bs=1M count=20000; sleep 30",
  searching: "for i in $(seq 50); do grep -r nothing /usr/share > /dev/null; done",
};
const seconds = 20;

/** The model is here to be told what to answer; what the abuser writes stays small. */
export const abuseSetUp: SetUpOptions = {
  modelHere: true,
  environment: {
    ZCBOT_SANDBOX: "auto",
    ZCBOT_LIMIT_USER_BYTES: String(2 ** 28),
    ZCBOT_LIMIT_FREE_BYTES: "0",
  },
};

/** One user's commands take all that they get; how others fare, beside how they do on the same server when it is quiet. */
export async function measureAbuse(bench: Bench): Promise<Row[]> {
  bench.models?.handle(({ body }) => answer(body.messages as Message[]));
  const nextTask = await makeTasks(bench, 200);
  const side = zcbotSide(bench.url, bench.token, nextTask);
  const quiet = await observe(bench, side);
  const abuser = await bench.signIn(randomUUID());
  const headers = { Authorization: `Bearer ${abuser}` };
  const runs: string[] = [];
  for (const name of Object.keys(abuses)) {
    const task = `${bench.url}/v1/tasks/${await createTask(bench.url, abuser)}`;
    const accepted = await call(`${task}/messages`, { headers, json: { content: name } });
    const { run_id } = JSON.parse(await text(accepted)) as { run_id: string };
    runs.push(`${task}/runs/${run_id}`);
  }
  await wait(1_000);
  const abused = await observe(bench, side);
  for (const run of runs) await text(await call(`${run}/cancel`, { method: "POST", headers }));
  const row = (name: string, ours: number[], direct: number[], share: number, limit?: number): Row => ({
    name: `abuse by 8 commands of another user: ${name}`,
    unit: "ms",
    figure: percentile(ours, share),
    ours: percentile(ours, share),
    direct: percentile(direct, share),
    ...(limit !== undefined && { limit, atMost: true }),
  });
  return [
    row("/healthz, p99", abused.health, quiet.health, 0.99, 100),
    row("an exchange, p50", abused.exchanges, quiet.exchanges, 0.5),
    row("an exchange, p95", abused.exchanges, quiet.exchanges, 0.95),
  ];
}

interface Message {
  role: string;
  content: string | null;
}

function answer(messages: Message[]): Turn {
  const last = messages.at(-1);
  const command = last?.role === "user" ? abuses[last.content ?? ""] : undefined;
  return command === undefined ? says("好的。") : calls("bash", { command, timeout_seconds: seconds });
}

/** Asks for health and for answers, one after the other, for some seconds. */
async function observe(
  bench: Bench,
  side: (prompt: string) => Promise<{ began: number; ended: number }>,
): Promise<{ health: number[]; exchanges: number[] }> {
  const until = now() + 8_000;
  const health: number[] = [];
  const exchanges: number[] = [];
  const watching = (async () => {
    while (now() < until) {
      const began = now();
      await text(await call(`${bench.url}/healthz`));
      health.push(now() - began);
      await wait(20);
    }
  })();
  while (now() < until) {
    const { began, ended } = await side("你好");
    exchanges.push(ended - began);
    await wait(50);
  }
  await watching;
  return { health, exchanges };
}
