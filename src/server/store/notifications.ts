import type { Client } from "pg";
import type { Logger } from "pino";
import type { Database } from "./database.ts";

/** What servers on one database tell each other. It only wakes: the truth is in the tables. */
export type Notice = "server" | "queue" | "cancel" | "steer" | "run" | "task" | "user";

export type NoticeHandler = (notice: Notice, subject: string) => void;

/** Tells every server, this one included, of each of these. */
export async function publish(database: Database, notice: Notice, subjects: string[]): Promise<void> {
  await database.pool.query({
    name: "publish",
    text: "select pg_notify('zcbot', $1 || ':' || subject) from unnest($2::text[]) as subject",
    values: [notice, subjects],
  });
}

/** How often a connection that only listens is asked whether it still stands, and how long for, milliseconds. */
const probeEvery = 3_000;
const probePatience = 2_000;

/**
 * Listens on a connection of its own and reconnects for as long as `signal` lasts. `onNotice` also gets
 * `("server", "")` after every (re)connection, since words may have been lost before. Resolves once listening.
 */
export async function listen(
  database: Database,
  onNotice: NoticeHandler,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const connect = async (): Promise<void> => {
    const client: Client = database.createClient("zcbot listener");
    const lost = new Promise<void>((resolve) => {
      client.on("error", () => resolve());
      client.on("end", () => resolve());
    });
    client.on("notification", ({ payload = "" }) => {
      const colon = payload.indexOf(":");
      onNotice(payload.slice(0, colon) as Notice, payload.slice(colon + 1));
    });
    const stop = () => void client.end().catch(() => {});
    try {
      await client.connect();
      await client.query({ text: "listen zcbot", query_timeout: probePatience });
      signal.throwIfAborted();
    } catch (error) {
      stop();
      throw error;
    }
    signal.addEventListener("abort", stop, { once: true });
    onNotice("server", "");
    // One that has silently died would never say so: nothing is ever sent on it.
    const probe = setInterval(() => {
      client.query({ text: "select 1", query_timeout: probePatience }).catch(stop);
    }, probeEvery);
    void lost.then(() => {
      clearInterval(probe);
      signal.removeEventListener("abort", stop);
      if (!signal.aborted) void reconnect();
    });
  };
  const reconnect = async (): Promise<void> => {
    for (let wait = 50; !signal.aborted; wait = Math.min(wait * 2, 2_000)) {
      try {
        return await connect();
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ error, wait }, "cannot listen to the database");
        await new Promise((resolve) => setTimeout(resolve, wait).unref());
      }
    }
  };
  await connect();
}
