/** Postgres says so when it stops, starts or has no room; the rest are the socket's own words. */
const unreachable = /^(57P0\d|08\w{3}|53300|53400|ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|ETIMEDOUT)$/;

/** Whether a query failed because the database cannot be reached now; the same query may work later. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  if (unreachable.test(code)) return "severity" in error || "syscall" in error;
  return /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error/.test(
    error.message,
  );
}
