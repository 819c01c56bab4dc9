import { randomUUID } from "node:crypto";
import { vi } from "vitest";
import { openEvents } from "../../support/api/events.ts";
import { encodeForm, formType } from "../../support/api/multipart.ts";
import { post } from "../../support/api/pending.ts";
import { createTask } from "../../support/api/request.ts";
import { finishRun, readStatus, startHangingRun, startRun } from "../../support/api/runs.ts";
import type { TestUser } from "../../support/server.ts";
import { zipSkill } from "../../support/write-zip.ts";

/** What a request names: ids of its path and body, and a path of a file. */
export interface Ids {
  task_id: string;
  run_id: string;
  pending_id: string;
  request_id: string;
  path: string;
  name: string;
}

/** One thing of each kind that a user can have, made by the way a user makes it. */
const makers = {
  /** A task with a run that has ended. */
  async ended(user: TestUser) {
    const { task_id } = await createTask(user, { name: `机密任务 ${randomUUID()}` });
    return { task_id, run_id: (await finishRun(user, task_id, "机密的话")).runId };
  },
  /** A run at work, and a message that waits behind it. */
  async busy(user: TestUser) {
    const { task_id } = await createTask(user, { name: `机密忙碌 ${randomUUID()}` });
    const { runId, events } = await startHangingRun(user, task_id);
    events.close();
    const { pending_id = "" } = await post(user, task_id, "机密的下文", "queue");
    return { task_id, run_id: runId, pending_id };
  },
  /** A run that waits for the answer to a question. */
  async asking(user: TestUser) {
    const { task_id } = await createTask(user, { name: `机密提问 ${randomUUID()}` });
    const { runId, eventsUrl } = await startRun(user, task_id, "ask");
    const events = await openEvents(user, eventsUrl);
    const { data } = await events.until("request");
    events.close();
    // The question is told before its run lets go of its server.
    await vi.waitUntil(async () => (await readStatus(user, task_id)) === "waiting", { timeout: 10_000 });
    return { task_id, run_id: runId, request_id: String(data.request_id) };
  },
  /** A file in a directory. */
  async file(user: TestUser) {
    const path = "机密目录/机密.txt";
    const body = encodeForm([
      { name: "path", content: "机密目录" },
      { filename: "机密.txt", content: "机密内容" },
    ]);
    const headers = { "Content-Type": formType };
    const { status } = await user.fetch("/v1/files/upload", { method: "POST", headers, body });
    if (status !== 200) throw new Error(`no upload: ${status}`);
    return { path };
  },
  /** A skill of the user's own. */
  async skill(user: TestUser) {
    const name = `机密技能-${randomUUID()}`;
    const body = zipSkill("---\ndescription: 机密用途\n---\n机密做法");
    const { status } = await user.fetch(`/v1/skills/${encodeURIComponent(name)}`, { method: "PUT", body });
    if (status !== 200) throw new Error(`no skill: ${status}`);
    return { name };
  },
  /** A file of memory, with a version before it. */
  async memory(user: TestUser) {
    const path = `机密/${randomUUID()}.md`;
    for (const content of ["机密的旧事", "机密的事"]) {
      const { status } = await user.fetch(`/v1/memory/${encodeURI(path)}`, {
        method: "PUT",
        json: { content },
      });
      if (status !== 200) throw new Error(`no memory: ${status}`);
    }
    return { path };
  },
  /** A server of tools of the user's own, which nobody can reach. */
  async toolServer(user: TestUser) {
    const name = `server-${randomUUID().slice(0, 8)}`;
    const json = { url: "http://127.0.0.1:9/mcp", headers: { Authorization: "Bearer secret" } };
    const { status } = await user.fetch(`/v1/mcp/${name}`, { method: "PUT", json });
    if (status !== 200) throw new Error(`no server of tools: ${status}`);
    return { name };
  },
} as const satisfies Record<string, (user: TestUser) => Promise<Partial<Ids>>>;

export type Thing = keyof typeof makers;
export const things = Object.keys(makers) as Thing[];

/** Makes a thing for a user and gives its ids; what it has none of gets ids that nothing has. */
export async function make(user: TestUser, thing: Thing | undefined): Promise<Ids> {
  return { ...missingIds(), ...(thing && (await makers[thing](user))) };
}

/** Ids that nothing has. */
export function missingIds(): Ids {
  return {
    task_id: randomUUID(),
    run_id: randomUUID(),
    pending_id: randomUUID(),
    request_id: randomUUID(),
    path: "没有目录/没有.md",
    name: "no-such-name",
  };
}

/** What no id looks like. */
export const malformedIds: Ids = {
  task_id: "no-id",
  run_id: "%E6%B2%A1%E6%9C%89",
  pending_id: "00000000-0000-0000-0000-00000000000g",
  request_id: "'; drop table requests; --",
  path: "%FF",
  name: "%FF",
};
