import { randomUUID } from "node:crypto";

/** Where a command's mark stands in its environment. */
export const markName = "ZCBOT_COMMAND";

/** How the marks of this process's commands begin: pids are used again, and mean something else in every container. */
export const serverMark = randomUUID();

/** A mark of one command of this process: whoever carries it belongs to that command. */
export function createMark(): string {
  return `${serverMark}.${randomUUID()}`;
}
