import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "../../../src/server/store/database.ts";
import { readZip } from "../../support/read-zip.ts";

/** What the day has left, by where it lies. */
export type Traces = Map<string, string>;

/** Every table of the database, all columns as text, and what its statistics remember of statements. */
export async function readDatabase({ pool }: Database): Promise<Traces> {
  const traces: Traces = new Map();
  const { rows: tables } = await pool.query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
  );
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(`select t::text as row from ${name} t`);
    traces.set(`the table ${name}`, rows.map(({ row }) => row).join("\n"));
  }
  const { rows } = await pool.query<{ query: string; application_name: string }>(
    "select query, application_name from pg_stat_activity",
  );
  traces.set("the statements of the database", JSON.stringify(rows));
  return traces;
}

/** Every file below a folder but those named, links not followed; unzipped where it is an archive. */
export function readFolder(folder: string, leftOut: readonly string[] = []): Traces {
  const traces: Traces = new Map();
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const each = join(path, entry.name);
      traces.set(`the name of ${each}`, entry.name);
      if (entry.isDirectory()) visit(each);
      else if (entry.isFile() && !leftOut.includes(each)) traces.set(each, unpack(readFileSync(each)));
    }
  };
  visit(folder);
  return traces;
}

/** The bytes as text, with the files of an archive behind it. */
export function unpack(bytes: Buffer): string {
  const text = bytes.toString("latin1");
  if (!text.startsWith("PK\u0003\u0004")) return text;
  return [text, ...[...readZip(bytes)].map(([name, part]) => `${name}\n${part.toString("latin1")}`)].join(
    "\n",
  );
}

/** The command lines and environments of a process and of all that it has started. */
export function readProcesses(root: number): { commandLines: Traces; environments: Traces; tools: number } {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const stat = read(`/proc/${name}/stat`);
    if (/^\d+$/.test(name))
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const isOurs = (pid: number): boolean => pid === root || (pid > 1 && isOurs(parents.get(pid) ?? 0));
  const [commandLines, environments]: [Traces, Traces] = [new Map(), new Map()];
  for (const pid of [...parents.keys()].filter(isOurs)) {
    commandLines.set(`the command line of ${pid}`, read(`/proc/${pid}/cmdline`));
    // The server itself is given its secrets so.
    if (pid !== root)
      environments.set(
        `the environment of ${read(`/proc/${pid}/comm`).trim()}`,
        read(`/proc/${pid}/environ`),
      );
  }
  return { commandLines, environments, tools: environments.size };
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
