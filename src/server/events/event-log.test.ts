import { expect, test } from "vitest";
import { createLogger } from "../log.ts";
import type { Database } from "../store/database.ts";
import { EventFeed } from "./event-feed.ts";
import { EventLog } from "./event-log.ts";

test("an event that cannot be written as JSON costs its run the log, and nobody else anything", async () => {
  const stored: string[] = [];
  const query = async ({ values: [runIds, , , , , data] }: { values: string[][] }) => {
    stored.push(...(data ?? []));
    return { rows: (runIds ?? []).map((run_id) => ({ run_id, pending: 0 })) };
  };
  const database = { pool: { query } } as unknown as Database;
  const eventLog = new EventLog(database, new EventFeed(database), createLogger("silent"));
  const lost: string[] = [];
  const open = (runId: string) =>
    eventLog.open(
      {
        runId,
        taskId: "",
        userId: "",
        generation: 1,
        nextIdx: 0,
        lastSeq: 0,
        spent: { tokensIn: 0, tokensOut: 0, cached: 0, reasoning: 0, costNano: 0 },
      },
      () => void lost.push(runId),
    );
  const [broken, sound] = [open("broken"), open("sound")];
  const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  broken.event({ type: "tool_call", id: "1", name: "read", arguments: { deep } });
  sound.event({ type: "text", text: "好" });
  await expect(broken.committed()).rejects.toThrow(RangeError);
  await sound.committed();
  expect(lost).toEqual(["broken"]);
  expect(stored).toEqual(['{"text":"好"}']);
});
