import type { Client } from "../../client/client.ts";
import { exitCode, exitCodeOf, explainError } from "../exit-code.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { reachServer } from "../local-server.ts";
import { formatTable } from "../table.ts";

export interface LookOptions {
  by?: string;
  json?: boolean;
  data?: string;
}

type Look = (
  client: Client,
  options: LookOptions,
  signal: AbortSignal,
) => Promise<{ answer: object; rows: string[][] }>;

/** What can be looked at: each reads one answer of the server, and says it as the rows of a table. */
const looks = {
  usage: async (client, { by = "day" }, signal) => {
    const group_by = by === "task" || by === "model" ? by : "day";
    const answer = await client.readUsage({ group_by }, { signal });
    const row = (name: string, { calls, tokens_in, cached, tokens_out, cost }: (typeof answer)["total"]) => [
      name,
      ...[calls, tokens_in, cached, tokens_out].map(String),
      cost === null ? "unknown" : `$${cost.toFixed(4)}`,
    ];
    const head = [group_by, "calls", "tokens in", "cached", "out", "cost"];
    const rows = answer.results.map((each) =>
      row(group_by === "task" ? (each.name ?? each.key) : each.key, each),
    );
    return { answer, rows: [head, ...rows, row("total", answer.total)] };
  },
  skills: async (client, _options, signal) => {
    const answer = await client.listSkills({ signal });
    const rows = answer.skills.map(({ name, source, description }) => [name, source, description]);
    const skipped = answer.skipped.map(({ name, reason }) => [name, "skipped", reason]);
    return { answer, rows: [...rows, ...skipped] };
  },
  memory: async (client, _options, signal) => {
    const answer = await client.readMemory({ signal });
    const rows = answer.files.map(({ path, size, updated_at }) => [path, `${size} B`, updated_at]);
    return { answer, rows: answer.enabled ? rows : [["Memory is off."], ...rows] };
  },
} satisfies Record<string, Look>;

/** Prints what a user of the server has: a table for people, or the server's answer as one JSON object. */
export async function look(at: keyof typeof looks, options: LookOptions): Promise<number> {
  const interrupt = listenForInterrupt();
  try {
    const server = await reachServer(options.data, interrupt.signal);
    try {
      const { answer, rows } = await looks[at](server.client, options, interrupt.signal);
      process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : formatTable(rows));
      return exitCode.ok;
    } finally {
      await server.release();
    }
  } catch (error) {
    if (interrupt.signal.aborted) return exitCode.interrupted;
    process.stderr.write(`${explainError(error)}\n`);
    return exitCodeOf(error);
  } finally {
    interrupt.release();
  }
}
