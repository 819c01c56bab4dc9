import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { PageText } from "../web/html-to-markdown.ts";
import type { PageJob } from "../web/page-job.ts";
import { JobThread, type ThreadLimits } from "./job-thread.ts";

// By the thread that reads web pages.
const folder = join(import.meta.dirname, "../web");
const limits: ThreadLimits = { waiting: 4, timeMs: 20_000, idleMs: 60_000, memoryMiB: 256 };
const never = new AbortController().signal;
let thread: JobThread<PageJob, PageText>;

afterEach(() => thread.close());

function open(more: Partial<ThreadLimits> = {}): void {
  thread = new JobThread(folder, "page-worker", { ...limits, ...more });
}

function page(html: string): PageJob {
  return {
    bytes: new TextEncoder().encode(html),
    charset: undefined,
    address: "https://站.example/",
    plain: false,
  };
}

/** A second of work and more, on any machine. */
const long = "<p>段<b>落</b>".repeat(60_000);

test("jobs are done one after the other, each by itself", async () => {
  open();
  const answers = await Promise.all(["一", "二", "三"].map((word) => thread.run(page(`<p>${word}`), never)));
  expect(answers).toEqual(["一", "二", "三"].map((markdown) => ({ result: { title: "", markdown } })));
});

test("a job is loaded when its turn has come, and none before", async () => {
  open();
  let loaded = 0;
  let most = 0;
  const load = async () => {
    loaded += 1;
    most = Math.max(most, loaded);
    return { job: page("字") };
  };
  const read = async () => {
    await thread.runLoaded(load, never);
    loaded -= 1;
  };
  await Promise.all([read(), read(), read()]);
  expect(most).toBe(1);
  const broken = thread.runLoaded(() => Promise.reject(new Error("坏盘")), never);
  await expect(broken).rejects.toThrow("坏盘");
  expect(await thread.run(page("好"), never)).toEqual({ result: { title: "", markdown: "好" } });
});

test("nobody's many jobs come before those of others", async () => {
  open({ waiting: 2 });
  const order: string[] = [];
  const read = async (word: string, lane: string) => {
    const answer = await thread.runLoaded(async () => ({ job: page(word) }), never, lane);
    order.push("result" in answer ? answer.result.markdown : answer.failure);
  };
  await Promise.all([...["一", "二", "三", "四"].map((word) => read(word, "甲")), read("乙", "乙")]);
  expect(order).toEqual(["一", "乙", "二", "三", "四"]);
  const gone = AbortSignal.abort(new Error("不等了"));
  const left = thread.runLoaded(async () => ({ job: page("走") }), gone, "甲");
  await expect(left).rejects.toThrow("不等了");
  await read("还在", "甲");
  expect(order.at(-1)).toBe("还在");
});

test("a job beyond those that may wait is refused, and the others are done", async () => {
  open({ waiting: 2 });
  const jobs = ["一", "二", "三"].map((word) => thread.run(page(word), never));
  expect((await Promise.all(jobs)).map((answer) => ("failure" in answer ? answer.failure : "done"))).toEqual([
    "done",
    "done",
    "busy",
  ]);
});

test("a job that takes too long is ended with its thread, and the next one is done", async () => {
  open({ timeMs: 300 });
  expect(await thread.run(page(long), never)).toEqual({ failure: "late" });
  expect(thread.isRunning).toBe(false);
  open();
  expect(await thread.run(page("好"), never)).toEqual({ result: { title: "", markdown: "好" } });
});

test("a job that needs too much memory is ended with its thread", async () => {
  open({ memoryMiB: 16 });
  expect(await thread.run(page(long), never)).toEqual({ failure: "memory" });
});

test("what fails within the thread is a failure of that job alone", async () => {
  open();
  expect(await thread.run(page("<div>".repeat(50_000)), never)).toEqual({ failure: "failed" });
  expect(await thread.run(page("好"), never)).toMatchObject({ result: { markdown: "好" } });
});

test("a job is broken off at once by its signal, at work and while it waits", async () => {
  open();
  const stop = new AbortController();
  const [working, waiting] = [thread.run(page(long), stop.signal), thread.run(page("等"), stop.signal)];
  stop.abort(new Error("停"));
  const ends = await Promise.allSettled([working, waiting]);
  expect(ends).toMatchObject([{ reason: { message: "停" } }, { reason: { message: "停" } }]);
  expect(await thread.run(page("好"), never)).toMatchObject({ result: { markdown: "好" } });
});

test("an idle thread is ended", async () => {
  open({ idleMs: 1 });
  await thread.run(page("好"), never);
  await expect.poll(() => thread.isRunning).toBe(false);
});
