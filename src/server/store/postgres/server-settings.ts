/**
 * Settings of the embedded server: small enough for a laptop (21 MB idle), and as safe as a database of
 * one's own, so nothing here touches fsync, full_page_writes or synchronous_commit.
 */
export const serverSettings: Record<string, string> = {
  // Reached through a socket in a private folder only, which is why it asks for no password.
  listen_addresses: "",
  unix_socket_permissions: "0700",
  max_connections: "50",

  shared_buffers: "32MB",
  effective_cache_size: "512MB",
  work_mem: "4MB",
  maintenance_work_mem: "32MB",
  huge_pages: "off",
  // Without io workers (three processes) and without parallel queries, which small answers do not need.
  io_method: "sync",
  max_worker_processes: "2",
  max_parallel_workers: "0",
  max_logical_replication_workers: "0",
  autovacuum_worker_slots: "2",
  autovacuum_max_workers: "2",
  jit: "off",
  random_page_cost: "1.1",

  // Nothing replicates from here.
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "256MB",

  timezone: "UTC",
  log_timezone: "UTC",
  log_checkpoints: "off",
  // Its own life, but no failed statements: these are the server's to report, and carry people's data.
  log_min_messages: "log",
};

/** As the command line wants them. */
export function toParameters(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
