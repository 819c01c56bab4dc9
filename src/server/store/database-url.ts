/**
 * A DATABASE_URL taken apart; undefined where it is none. Postgres allows what URLs do not: a user with
 * no host, as in `postgres://me@/mine?host=/run/postgresql`.
 */
export function parseDatabaseUrl(text: string): URL | undefined {
  if (!/^postgres(ql)?:\/\//.test(text)) return undefined;
  return URL.parse(text.replace("@/", "@localhost/")) ?? undefined;
}
