import { setTimeout as wait } from "node:timers/promises";
import type { TaskChange } from "../../../src/protocol/task.ts";
import type { History } from "./history.ts";
import type { Person } from "./person.ts";
import { takeFrames } from "./watcher.ts";

type TaskState = Extract<TaskChange, { type: "task" }>;

/** Somebody who keeps the list of tasks open: what the stream of a user last said of each. */
export interface UserWatcher {
  /** Stops when all that it was told agrees with what is, or the patience is used up; gives what does not agree. */
  finish(patienceMs: number): Promise<string[]>;
}

export function watchUser(person: Person, history: History): UserWatcher {
  const told = new Map<string, Omit<TaskState, "type">>();
  const stopping = new AbortController();
  let cursor: string | undefined;
  const onFrame = (raw: string) => {
    const match = /^id: (\S+)\nevent: ([a-z_]+)\ndata: (\{[^\r\n]*\})\n\n$/.exec(raw);
    if (!match) return;
    const [, id, event = "", data = "{}"] = match;
    cursor = id;
    if (event === "task") {
      const state = JSON.parse(data) as TaskState;
      told.set(state.task_id, state);
    }
  };
  const read = async () => {
    const after = cursor === undefined ? "" : `?after=${encodeURIComponent(cursor)}`;
    const response = await person.fetch(`/v1/events${after}`, { signal: stopping.signal });
    if (response.status !== 200 || !response.body) {
      if (response.status !== 503)
        history.faults.push(`the stream of a user was answered ${response.status}`);
      return void (await response.body?.cancel());
    }
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of response.body) {
      text = takeFrames(text + decoder.decode(chunk, { stream: true }), onFrame);
    }
  };
  const reading = (async () => {
    while (!stopping.signal.aborted) {
      await read().catch(() => {});
      if (!stopping.signal.aborted) await wait(30);
    }
  })();
  const disagreements = async (): Promise<string[]> => {
    const list = await person.ask<{ results: { task_id: string; n_messages: number }[] }>(
      "GET",
      "/v1/tasks?page_size=100",
    );
    const tasks = list.answer?.status === 200 ? list.answer.body.results : [];
    const faults = await Promise.all(
      tasks.map(async ({ task_id, n_messages }) => {
        const runs = await person.ask<{ results: { run_id: string; status: string }[] }>(
          "GET",
          `/v1/tasks/${task_id}/runs?page_size=1`,
        );
        const newest = runs.answer?.body.results[0];
        const state = told.get(task_id);
        const [is, was] = [
          [n_messages, newest?.run_id, newest?.status, 0],
          [state?.n_messages, state?.run?.run_id, state?.run?.status, state?.n_pending],
        ].map((each) => JSON.stringify(each));
        return is === was ? [] : [`the stream of a user last said ${was} of task ${task_id}, which is ${is}`];
      }),
    );
    return faults.flat();
  };
  return {
    async finish(patienceMs) {
      const deadline = performance.now() + patienceMs;
      let faults = await disagreements();
      while (faults.length > 0 && performance.now() < deadline) {
        await wait(200);
        faults = await disagreements();
      }
      stopping.abort();
      await reading;
      return faults;
    },
  };
}
