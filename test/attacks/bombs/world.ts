import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, createTask } from "../../support/api/request.ts";
import { finishRun, readMessages } from "../../support/api/runs.ts";
import { createTestDatabase } from "../../support/database.ts";
import { type ModelServer, startModelServer } from "../../support/model-server.ts";
import type { Turn } from "../../support/model-turn.ts";
import { signIn, type TestUser } from "../../support/server.ts";
import { startServerProcess } from "../../support/server-process.ts";
import { effort } from "../effort.ts";

export type Person = Pick<TestUser, "fetch" | "token">;

/** A server in a process of its own, for one who throws bombs and one who only wants to work. */
export interface World {
  url: string;
  attacker: Person;
  /** The attacker's folder on the disk. */
  root: string;
  models: ModelServer;
  /** Runs these calls in one turn; gives what the model reads of each, in their order. */
  callTools(calls: [tool: string, input: unknown][]): Promise<string[]>;
  /** Memory of the server's process, MiB. */
  memory(): { now: number; peak: number };
  /** How often the other person was served, and what went wrong, since the start. */
  neighbour: { served: number; failed: string[] };
  close(): Promise<void>;
}

/** A bomb, and what is to come of it. */
export interface Bomb {
  name: string;
  /** Throws it, and gives what came of it: a status, mostly. */
  act(world: World): Promise<unknown>;
  gives: unknown;
}

export async function startWorld(environment: Record<string, string>): Promise<World> {
  const dataDir = await mkdtemp(join(tmpdir(), "zcbot-bombs-"));
  const database = await createTestDatabase();
  const models = await startModelServer({ record: false });
  const server = await startServerProcess({ dataDir, databaseUrl: database.url, models, environment });
  const { url, child } = server;
  const attackerId = randomUUID();
  const attacker = await signIn({ url }, attackerId);
  const root = join(dataDir, "workspace/users", attackerId);
  await mkdir(root, { recursive: true });

  const neighbour = { served: 0, failed: [] };
  const stop = new AbortController();
  const working = keepWorking(await signIn({ url }, randomUUID()), neighbour, stop.signal);
  const status = (field: string): number => {
    const text = readFileSync(`/proc/${child.pid}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)?.[1]) / 1024;
  };
  return {
    url,
    attacker,
    root,
    models,
    neighbour,
    memory: () => ({ now: status("VmRSS"), peak: status("VmHWM") }),
    callTools: (calls) => callTools(attacker, models, calls),
    async close() {
      stop.abort();
      await working;
      await server.stop();
      await models.close();
      await database.drop();
      await rm(dataDir, { recursive: true });
    },
  };
}

/** Looks at files and tasks again and again. */
async function keepWorking(person: Person, count: World["neighbour"], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const path of ["/healthz", "/v1/files", "/v1/tasks"]) {
      const answer = await person
        .fetch(path)
        .then(statusOf)
        .catch((error) => String(error.cause ?? error));
      if (answer === 200) count.served++;
      else count.failed.push(`${path}: ${answer}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function callTools(
  person: Person,
  models: ModelServer,
  calls: [tool: string, input: unknown][],
): Promise<string[]> {
  const task = await createTask(person, { working_dir: "工" });
  const parts = calls.map(([name, input], index) => ({
    toolCall: { id: `c${index}`, name, arguments: JSON.stringify(input) },
  }));
  const turns: Turn[] = [{ parts }, { parts: [{ text: "好。" }] }];
  models.script(...turns);
  await finishRun(person, task.task_id, "做");
  const messages = await readMessages(person, task.task_id);
  await ask(person, "DELETE", `/v1/tasks/${task.task_id}`);
  return messages.flatMap(({ payload }) => (payload.role === "tool" ? [String(payload.content)] : []));
}

/** Status of an answer whose body is read and thrown away. */
export async function statusOf(answer: Response | Promise<Response>): Promise<number> {
  const response = await answer;
  for await (const _ of response.body ?? []);
  return response.status;
}

export const mebibyte = 2 ** 20;

/** At the short length what takes long is a twentieth of its full size. */
const part = effort.isLong ? 1 : 0.05;

/** How often something is repeated in a bomb that takes long. */
export function times(count: number): number {
  return Math.ceil(count * part);
}
