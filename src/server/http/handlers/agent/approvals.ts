import { readApprovals, writeApprovals } from "../../../store/agent/approvals.ts";
import type { Database } from "../../../store/database.ts";
import type { Handlers } from "../../handler.ts";

type ApprovalHandlers = Pick<Handlers, "readApprovals" | "writeApprovals">;

/** The rules that a person makes for all their tasks. */
export function createApprovalHandlers({ database }: { database: Database }): ApprovalHandlers {
  return {
    async readApprovals(_input, { user }) {
      return { rules: await readApprovals(database, user.userId) };
    },
    async writeApprovals({ body }, { user }) {
      await writeApprovals(database, user.userId, body.rules);
      return body;
    },
  };
}
