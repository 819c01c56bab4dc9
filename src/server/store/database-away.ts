import { setTimeout as delay } from "node:timers/promises";

/**
 * Postgres says so when it stops, starts, has no room (53), has become a standby (25006), or undid what stood in
 * another's way or took too long (40, 25P03, 55P03, 57014); the rest are the words of the socket and the name service.
 */
const passing =
  /^(57P0\d|57014|08\w{3}|53\w{3}|25006|25P0[34]|55P03|40001|40P01|ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;

/** Whether a query failed because the database cannot serve it now; the same query may work later. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // A host with several addresses gives one error for each.
  if (error instanceof AggregateError) return error.errors.some(isDatabaseAway);
  const code = "code" in error ? String(error.code) : "";
  if (passing.test(code)) return "severity" in error || "syscall" in error;
  return /timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered a connection error|Client was closed/.test(
    error.message,
  );
}

/** Does what needs the database, again while it is away, for `patienceMs` at most; then throws its error. */
export async function retryWhileAway<Result>(
  work: () => Promise<Result>,
  patienceMs = 30_000,
): Promise<Result> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isDatabaseAway(error) || performance.now() > giveUpAt) throw error;
      await delay(200);
    }
  }
}
