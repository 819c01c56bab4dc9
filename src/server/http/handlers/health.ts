import type { Health } from "../../../protocol/server.ts";
import type { Database } from "../../store/database.ts";
import type { Handlers } from "../handler.ts";
import { json } from "../json.ts";

/** The answer to load balancers and people who ask whether the server can work: 503 while the database is away. */
export function createHealthHandler(
  database: Database,
  version: string,
  sandbox: Health["sandbox"],
): Pick<Handlers, "health"> {
  return {
    async health() {
      const answers = await database.pool.query("select 1").then(
        () => true,
        () => false,
      );
      const state = answers ? "ok" : "unavailable";
      const health: Health = { status: state, version, database: state, sandbox };
      return json(JSON.stringify(health), answers ? 200 : 503);
    },
  };
}
