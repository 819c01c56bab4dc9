import { randomUUID } from "node:crypto";
import { type ModelServer, startModelServer } from "../../test/support/model-server.ts";
import { says } from "../../test/support/model-turn.ts";
import { type Ground, prepareGround, type Role } from "../cluster.ts";
import type { Row } from "../report.ts";
import { createTask, makeTasks, signIn } from "../setup.ts";
import { directSide, type Side, zcbotSide } from "../sides.ts";
import { median, now, percentile } from "../statistics.ts";

const rounds = 200;
const warmUp = 20;

const ways: [name: string, roles: Role[], limit: number | undefined][] = [
  ["in the same process", ["all"], undefined],
  ["on another process", ["api", "worker"], 8],
  ["on one of two others", ["api", "worker", "worker"], 8],
];

/** From the POST of a message until its run's first request stands before the model, over asking the model directly. */
export async function measureDispatch(): Promise<Row[]> {
  const models = await startModelServer();
  const ground = await prepareGround();
  try {
    const direct = await timeToModel(models, directSide(models.url));
    const rows: Row[] = [];
    for (const [name, roles, limit] of ways) {
      const ours = await measureWay(ground, models, roles);
      rows.push({
        name: `dispatch ${name}: POST to the model's call, p50`,
        unit: "ms",
        figure: median(ours),
        ours: median(ours),
        direct: median(direct),
        limit,
        atMost: true,
      });
      rows.push({ name: `dispatch ${name}: p95`, unit: "ms", figure: percentile(ours, 0.95) });
    }
    return rows;
  } finally {
    await ground.close();
    await models.close();
  }
}

async function measureWay(ground: Ground, models: ModelServer, roles: Role[]): Promise<number[]> {
  const cluster = await ground.start(roles, models.url);
  try {
    const token = await signIn(cluster.url, randomUUID());
    const tasks = { createTask: () => createTask(cluster.url, token) };
    return await timeToModel(models, zcbotSide(cluster.url, token, await makeTasks(tasks, rounds + warmUp)));
  } finally {
    await cluster.close();
  }
}

/** Milliseconds from the beginning of each exchange until the model has its request, one exchange after the other. */
async function timeToModel(models: ModelServer, side: Side): Promise<number[]> {
  let arrived = 0;
  models.handle(() => {
    arrived = now();
    return says("好的。");
  });
  const times: number[] = [];
  for (let round = 0; round < rounds + warmUp; round++) {
    const { began } = await side("你好");
    if (round >= warmUp) times.push(arrived - began);
  }
  return times;
}
