import type { Migration } from "kysely/migration";
import * as initial from "./0001-initial.ts";
import * as durableRuns from "./0002-durable-runs.ts";
import * as suspension from "./0003-suspension.ts";
import * as agent from "./0004-agent.ts";

/**
 * Every migration under the name the database remembers it by, in the order of names. Imported one by
 * one, so that the bundle carries them. A released migration never changes: add the next.
 */
export const migrations: Record<string, Migration> = {
  "0001-initial": initial,
  "0002-durable-runs": durableRuns,
  "0003-suspension": suspension,
  "0004-agent": agent,
};
