import { randomUUID } from "node:crypto";
import { join } from "node:path";
import pg from "pg";
import type { Row } from "../report.ts";
import type { Bench } from "../setup.ts";
import { now } from "../statistics.ts";
import { call, text } from "../wire.ts";

const connections = 8;
const seconds = 4;

/** Requests a second of `GET /v1/tasks?page_size=20` over 8 connections, the users taken in turn. */
async function listRate(bench: Bench, tokens: string[]): Promise<number> {
  let done = 0;
  const loop = async (until: number, offset: number) => {
    for (let turn = offset; now() < until; turn += connections) {
      const token = tokens[turn % tokens.length];
      const answer = await call(`${bench.url}/v1/tasks?page_size=20`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      if (answer.statusCode !== 200) throw new Error(await text(answer));
      await text(answer);
      done += 1;
    }
  };
  const race = async (duration: number) => {
    const until = now() + duration * 1000;
    await Promise.all(Array.from({ length: connections }, (_, offset) => loop(until, offset)));
  };
  await race(1);
  done = 0;
  await race(seconds);
  return done / seconds;
}

async function insertTasks(client: pg.Client, users: string[], count: number): Promise<void> {
  await client.query(
    `insert into tasks (task_id, user_id, name, directory, created_at)
     select gen_random_uuid(), ($1::uuid[])[1 + n % $2], '任务 ' || n, 'd' || n % 50, now() - n * interval '1 second'
     from generate_series(1, $3) n`,
    [users, users.length, count],
  );
  await client.query("vacuum analyze tasks");
}

/** The task list must not grow slower with the number of tasks. */
export async function measureLists(bench: Bench): Promise<Row[]> {
  const client = new pg.Client({
    host: join(bench.dataDir, "postgres", "socket"),
    user: "zcbot",
    database: "postgres",
  });
  await client.connect();
  const users = Array.from({ length: 100 }, () => randomUUID());
  const tokens: string[] = [];
  for (const user of users) tokens.push(await bench.signIn(user));
  await insertTasks(client, users, 100_000);
  const many = await listRate(bench, tokens);
  const single = randomUUID();
  const singleToken = await bench.signIn(single);
  await insertTasks(client, [single], 100_000);
  const one = await listRate(bench, [singleToken]);
  await insertTasks(client, users, 800_000);
  const million = await listRate(bench, tokens);
  await client.end();
  const rate = (name: string, figure: number): Row => ({
    name,
    unit: "/s",
    figure,
    limit: 2500,
    atMost: false,
  });
  return [
    rate("list 20 of 100,000 tasks among 100 users", many),
    rate("list 20 of one user's 100,000 tasks", one),
    {
      name: "list 20 of 1,000,000 tasks: times slower than of 100,000",
      unit: "x",
      ours: million,
      figure: many / million,
      limit: 1.3,
      atMost: true,
    },
  ];
}
