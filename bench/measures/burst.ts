import { cpuSeconds } from "../processes.ts";
import type { Row } from "../report.ts";
import { type Bench, makeTasks } from "../setup.ts";
import { directSide, type Exchange, type Side, zcbotSide } from "../sides.ts";
import { median, now, percentile } from "../statistics.ts";

/** Runs of one burst. */
export const burstRuns = 100;
const laterBursts = 4;
const prompt = "chat 200 5";

export interface Burst {
  runsPerSecond: number;
  /** Of a chunk, p95, milliseconds. */
  lateness: number;
  /** Seconds for 1,000 runs, of the given processes and all they started. */
  cpu: number;
}

/** 100 exchanges at once; `pids` are those whose work is counted. */
export async function burst(pids: number[], side: Side): Promise<Burst> {
  const used = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const cpuBefore = used();
  const began = now();
  const exchanges: Exchange[] = await Promise.all(Array.from({ length: burstRuns }, () => side(prompt)));
  const runsPerSecond = burstRuns / ((now() - began) / 1000);
  const cpu = (used() - cpuBefore) * (1000 / burstRuns);
  return {
    runsPerSecond,
    lateness: percentile(
      exchanges.flatMap((one) => one.lateness),
      0.95,
    ),
    cpu,
  };
}

/** 100 runs at once of 200 chunks at 5 ms: the first burst after a start, and later ones. */
export async function measureBursts(bench: Bench): Promise<Row[]> {
  const nextTask = await makeTasks(bench, burstRuns * (laterBursts + 1));
  await bench.restartServer();
  const pids = [bench.serverPid];
  const ours = zcbotSide(bench.url, bench.token, nextTask);
  const direct = directSide(bench.modelUrl);
  const directly: Burst[] = [await burst(pids, direct)];
  const first = await burst(pids, ours);
  const later: Burst[] = [];
  for (let round = 0; round < laterBursts; round++) {
    directly.push(await burst(pids, direct));
    later.push(await burst(pids, ours));
  }
  const limit = median(directly.map((one) => one.runsPerSecond));
  const of = (bursts: Burst[], key: keyof Burst) => median(bursts.map((one) => one[key]));
  const rows = (label: string, bursts: Burst[], limits: [number, number, number]): Row[] => [
    {
      name: `100 at once, ${label}: share of direct runs/s`,
      unit: "%",
      ours: of(bursts, "runsPerSecond"),
      direct: limit,
      figure: (of(bursts, "runsPerSecond") / limit) * 100,
      limit: limits[0],
      atMost: false,
    },
    {
      name: `100 at once, ${label}: lateness of a chunk, p95`,
      unit: "ms",
      ours: of(bursts, "lateness"),
      direct: of(directly, "lateness"),
      figure: of(bursts, "lateness"),
      limit: limits[1],
      atMost: true,
    },
    {
      name: `100 at once, ${label}: CPU seconds per 1,000 runs, database included`,
      unit: "s",
      ours: of(bursts, "cpu"),
      figure: of(bursts, "cpu"),
      limit: limits[2],
      atMost: true,
    },
  ];
  return [...rows("first burst", [first], [85, 30, 10]), ...rows("later", later, [92, 20, 8])];
}
