import { ApiError } from "../../../../protocol/error.ts";
import { readUsage } from "../../../store/agent/usage.ts";
import type { Database } from "../../../store/database.ts";
import type { Handlers } from "../../handler.ts";

/** Days that a report goes back to where none is named, and that it may hold. */
const usualDays = 30;
const mostDays = 3_660;
const dayMs = 86_400_000;

export function createUsageHandlers({ database }: { database: Database }): Pick<Handlers, "readUsage"> {
  return {
    async readUsage({ query }, { user }) {
      const to = query.to ?? dayOf(Date.now());
      const from = query.from ?? dayOf(Date.parse(to) - (usualDays - 1) * dayMs);
      const days = (Date.parse(to) - Date.parse(from)) / dayMs;
      if (days < 0 || days > mostDays) {
        throw new ApiError("invalid_period", `'from' must be a day up to ${mostDays} days before 'to'.`);
      }
      return await readUsage(database, user.userId, { ...query, from, to });
    },
  };
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
