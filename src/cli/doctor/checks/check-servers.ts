import type { Database } from "../../../server/store/database.ts";
import { type Check, ok, warning } from "../report.ts";

/** A row of `servers` as far as this version of the tables has it. */
interface ServerRow {
  server_id: string;
  alive: boolean;
  up: number;
  role?: string;
  pid?: number | null;
  runs: number;
}

/** Looks at who works on this database, what waits, and what is left of doctors that were killed. */
export async function checkServers({ pool }: Database): Promise<Check[]> {
  const { rows: tables } = await pool.query<{ found: boolean }>(
    "select to_regclass('servers') is not null and to_regclass('runs') is not null as found",
  );
  if (!tables[0]?.found) return [];
  const { rows: servers } = await pool.query<{ server: ServerRow }>(
    `select to_jsonb(s) || jsonb_build_object('alive', expires_at > now(),
       'up', extract(epoch from now() - started_at)::int,
       'runs', (select count(*) from runs where lease_owner = server_id and status in ('running', 'cancelling')))
       as server
     from servers s order by started_at`,
  );
  const { rows: work } = await pool.query<{ queued: number; ownerless: number }>(
    `select count(*) filter (where status = 'queued')::int as queued,
       count(*) filter (where status <> 'queued' and (lease_owner is null or not exists
         (select from servers where server_id = lease_owner and expires_at > now())))::int as ownerless
     from runs where status in ('queued', 'running', 'cancelling')`,
  );
  const { queued = 0, ownerless = 0 } = work[0] ?? {};
  return [
    ...(servers.length === 0 ? [ok("servers", "none is registered now")] : []),
    ...servers.map(({ server }) => describe(server)),
    describeWork(
      queued,
      ownerless,
      servers.some(({ server }) => server.alive && server.role !== "api"),
    ),
    ...(await findLeftovers(pool)),
  ];
}

function describe({ server_id: id, alive, up, role = "role unknown", pid, runs }: ServerRow): Check {
  const text = `${id}: ${role}${pid ? `, process ${pid}` : ""}, up ${showTime(up)}, ${runs} runs at work`;
  return alive ? ok("servers", text) : warning("servers", `${text}; it gives no sign of life`);
}

function describeWork(queued: number, ownerless: number, canWork: boolean): Check {
  const text = `${queued} runs queued, ${ownerless} waiting for a server to take them over`;
  if (canWork || queued + ownerless === 0) return ok("queue", text);
  return warning("queue", text, "No server that works on runs is alive: start one.");
}

/** A doctor that was killed outright could not remove its scratch tables. */
async function findLeftovers(pool: Database["pool"]): Promise<Check[]> {
  const { rows } = await pool.query<{ name: string }>(
    "select nspname as name from pg_namespace where nspname like 'zcbot\\_doctor\\_%'",
  );
  return rows.map(({ name }) =>
    warning(
      "database",
      `the schema ${name} is of another doctor, at work or interrupted`,
      `If none is at work: drop schema ${name} cascade;`,
    ),
  );
}

function showTime(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}
