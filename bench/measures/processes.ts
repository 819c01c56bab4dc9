import { randomUUID } from "node:crypto";
import { type Ground, prepareGround, type Role } from "../cluster.ts";
import { cpuSeconds } from "../processes.ts";
import type { Row } from "../report.ts";
import { createTask, makeTasks, signIn, startModelProcess } from "../setup.ts";
import { directSide, zcbotSide } from "../sides.ts";
import { median } from "../statistics.ts";
import { forgetConnections } from "../wire.ts";
import { type Burst, burst, burstRuns } from "./burst.ts";

const bursts = 5;

/** From one process to four, on one Postgres. The third is the one that has figures to reach. */
const ways: [name: string, roles: Role[]][] = [
  ["1 all-in-one", ["all"]],
  ["1 api + 1 worker", ["api", "worker"]],
  ["1 api + 2 workers", ["api", "worker", "worker"]],
  ["1 api + 3 workers", ["api", "worker", "worker", "worker"]],
];
const measuredWay = 2;

/** What the first issue reached on one process, made 1.3 times easier: share of direct, lateness, CPU. */
const limits = { share: 92 / 1.3, lateness: 20 * 1.3, cpu: 8 * 1.3 };

/** The burst of 100 runs on more and more processes: what another one adds, and what it costs. */
export async function measureProcesses(): Promise<Row[]> {
  const model = await startModelProcess();
  const ground = await prepareGround();
  try {
    const rows: Row[] = [];
    for (const [index, [name, roles]] of ways.entries()) {
      rows.push(...(await measureWay(ground, model.url, name, roles, index === measuredWay)));
    }
    return rows;
  } finally {
    await ground.close();
    await model.stop();
  }
}

async function measureWay(
  ground: Ground,
  modelUrl: string,
  name: string,
  roles: Role[],
  limited: boolean,
): Promise<Row[]> {
  const cluster = await ground.start(roles, modelUrl);
  // Node's servers, that of the models too, close after five idle seconds.
  forgetConnections();
  try {
    const token = await signIn(cluster.url, randomUUID());
    const tasks = { createTask: () => createTask(cluster.url, token) };
    const nextTask = await makeTasks(tasks, burstRuns * (bursts + 1));
    const ours = zcbotSide(cluster.url, token, nextTask);
    const direct = directSide(modelUrl);
    await burst(cluster.pids, ours);
    const workers = cluster.pids.filter((_, position) => roles[position] === "worker");
    const before = workers.map(cpuSeconds);
    const [mine, directly]: [Burst[], Burst[]] = [[], []];
    for (let round = 0; round < bursts; round++) {
      directly.push(await burst(cluster.pids, direct));
      mine.push(await burst(cluster.pids, ours));
    }
    const used = workers.map((pid, position) => cpuSeconds(pid) - (before[position] ?? 0));
    return toRows(name, mine, directly, limited ? limits : undefined, used);
  } finally {
    await cluster.close();
  }
}

function toRows(
  name: string,
  mine: Burst[],
  directly: Burst[],
  limit: typeof limits | undefined,
  workers: number[],
): Row[] {
  const of = (all: Burst[], key: keyof Burst) => median(all.map((one) => one[key]));
  const [ours, direct] = [of(mine, "runsPerSecond"), of(directly, "runsPerSecond")];
  const sum = workers.reduce((total, each) => total + each, 0);
  const label = `100 at once, ${name}`;
  return [
    {
      name: `${label}: share of direct runs/s`,
      unit: "%",
      figure: (ours / direct) * 100,
      ours,
      direct,
      limit: limit?.share,
      atMost: false,
    },
    {
      name: `${label}: lateness of a chunk, p95`,
      unit: "ms",
      figure: of(mine, "lateness"),
      limit: limit?.lateness,
      atMost: true,
    },
    {
      name: `${label}: CPU seconds per 1,000 runs`,
      unit: "s",
      figure: of(mine, "cpu"),
      limit: limit?.cpu,
      atMost: true,
    },
    ...(workers.length > 1
      ? [
          {
            name: `${label}: busiest worker's share of CPU`,
            unit: "%",
            figure: (Math.max(...workers) / sum) * 100,
          },
        ]
      : []),
  ];
}
