import { afterEach, expect, test } from "vitest";
import type { ExportJob } from "./docx-job.ts";
import { DocxThread } from "./docx-thread.ts";

const threads: DocxThread[] = [];
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.close();
});

function createThread(limits: ConstructorParameters<typeof DocxThread>[0] = {}): DocxThread {
  const thread = new DocxThread(limits);
  threads.push(thread);
  return thread;
}

const job: ExportJob = {
  task: { name: "中断", description: "", createdAt: new Date(0) },
  conversation: JSON.stringify({
    messages: [
      {
        idx: 0,
        payload: { role: "user", content: "![图](图.png)" },
        attachments: [],
        tokens_in: 0,
        tokens_out: 0,
        created_at: "2026-11-23T01:30:00.000Z",
      },
    ],
  }),
  language: "zh",
  exportedAt: new Date(0),
};

const never = new AbortController().signal;
const noPictures = async (paths: string[]) => paths.map(() => null);
/** Waits for good, like a file system that hangs, and says when it was asked. */
function hangingPictures() {
  const asked = Promise.withResolvers<AbortSignal>();
  const read = (_paths: string[], signal: AbortSignal) => {
    asked.resolve(signal);
    return new Promise<never>(() => {});
  };
  return { asked: asked.promise, read };
}

test("an aborted export ends the thread at once, and the next one gets another", async () => {
  const thread = createThread();
  const abort = new AbortController();
  const { asked, read } = hangingPictures();
  const running = thread.run(job, read, abort.signal);
  const reading = await asked;
  const reason = new Error("gone");
  abort.abort(reason);
  await expect(running).rejects.toBe(reason);
  expect(reading.aborted).toBe(true);
  expect(thread.isRunning).toBe(false);
  await expect(thread.run(job, noPictures, never)).resolves.toBeInstanceOf(Uint8Array);
  expect(thread.isRunning).toBe(true);
});

test("an export that waits can be aborted without harm to the one before it", async () => {
  const thread = createThread();
  const answer = Promise.withResolvers<null[]>();
  const asked = Promise.withResolvers<void>();
  const first = thread.run(
    job,
    () => {
      asked.resolve();
      return answer.promise;
    },
    never,
  );
  await asked.promise;
  const abort = new AbortController();
  const second = thread.run(job, noPictures, abort.signal);
  const third = thread.run(job, noPictures, never);
  abort.abort();
  await expect(second).rejects.toThrow("aborted");
  answer.resolve([null]);
  await expect(first).resolves.toBeInstanceOf(Uint8Array);
  await expect(third).resolves.toBeInstanceOf(Uint8Array);
});

test("more exports than may wait are turned away", async () => {
  const thread = createThread();
  const abort = new AbortController();
  const { asked, read } = hangingPictures();
  const waiting = Array.from({ length: 20 }, () => thread.run(job, read, abort.signal));
  const ended = Promise.allSettled(waiting);
  await asked;
  await expect(thread.run(job, noPictures, never)).rejects.toMatchObject({ code: "unavailable" });
  abort.abort();
  await ended;
});

test("an export that takes too long is refused and its thread ended", async () => {
  const thread = createThread({ timeLimit: 200 });
  const { read } = hangingPictures();
  await expect(thread.run(job, read, never)).rejects.toMatchObject({ code: "too_large" });
  expect(thread.isRunning).toBe(false);
});

test("a thread that runs out of memory takes nothing else down", async () => {
  const thread = createThread({ memoryMiB: 12 });
  await expect(thread.run(job, noPictures, never)).rejects.toMatchObject({ code: "too_large" });
  expect(thread.isRunning).toBe(false);
});

test("a conversation that is none fails alone", async () => {
  const thread = createThread();
  await expect(thread.run({ ...job, conversation: "{}" }, noPictures, never)).rejects.toThrow("messages");
  await expect(thread.run(job, noPictures, never)).resolves.toBeInstanceOf(Uint8Array);
});
