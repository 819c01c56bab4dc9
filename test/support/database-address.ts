import type { DatabaseAddress } from "../../src/server/store/database.ts";

/** The same server, another database. */
export function atDatabase(address: DatabaseAddress, database: string): DatabaseAddress {
  if (!("url" in address)) return { ...address, database };
  return { url: address.url.replace(/(\/\/[^/]*\/)[^?]*/, `$1${database}`) };
}

/** An address as DATABASE_URL wants it, for servers that are started as processes. */
export function toUrl(address: DatabaseAddress): string {
  if ("url" in address) return address.url;
  const { socketDirectory, port, user, database } = address;
  return `postgresql:///${database}?host=${encodeURIComponent(socketDirectory)}&port=${port}&user=${user}`;
}

/** A name as it stands in SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
