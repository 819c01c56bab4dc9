import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Frame, openEvents } from "../../support/api/events.ts";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import {
  finishRun,
  readRun,
  type StartedRun,
  spokenText,
  startHangingRun,
  startRun,
} from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let task: TaskAnswer;
/** The first ping on a stream where nothing happens, waited for while the other tests run. */
let ping: Promise<void>;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
  task = await createTask(user);
  const idle = await startHangingRun(user, (await createTask(user)).task_id);
  ping = readPing(idle.eventsUrl);
});
afterAll(() => server.close());

/** Resolves with the first comment after the greeting. */
async function readPing(eventsUrl: string): Promise<void> {
  const response = await user.fetch(eventsUrl);
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (/\n\n: ?ping\n\n/.test(text)) return;
  }
  throw new Error("the stream ended without a ping");
}

const kinds = (frames: Frame[]) => frames.map(({ event }) => event);
const raws = (frames: Frame[]) => frames.map(({ raw }) => raw);
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** A run of two steps with a tool in between, and a long text. */
async function richRun(): Promise<StartedRun & { frames: Frame[]; callId: string }> {
  const callId = `call_${randomUUID()}`;
  server.models.script(
    {
      parts: [{ text: "先看看。" }, { toolCall: { id: callId, name: "list", arguments: '{"path":"."}' } }],
    },
    { ...says("水泥", "\n第二行 😀", '"引号"\\', " 完"), paceMs: 5 },
  );
  return { callId, ...(await finishRun(user, task.task_id, "看看目录")) };
}

describe("the stream", () => {
  test("begins, frame by frame, exactly as the contract says", async () => {
    const run = await richRun();
    const events = await openEvents(user, run.eventsUrl);
    expect(events.response.headers.get("content-type")).toMatch(/^text\/event-stream(; *charset=utf-8)?$/i);
    expect(events.response.headers.get("cache-control")).toBe("no-cache");
    expect(events.response.headers.get("x-accel-buffering")).toBe("no");
    const frames = await events.all();
    const start = ": connected\nretry: 3000\n\n";
    const first = `id: 1\nevent: run_start\ndata: ${JSON.stringify({ run_id: run.runId, task_id: task.task_id })}\n\n`;
    expect(events.received().slice(0, start.length + first.length)).toBe(start + first);
    expect(events.received()).toBe(start + raws(frames).join(""));
    for (const frame of frames) expect(frame.data).not.toHaveProperty("type");
  });

  test("may be read by a page of another origin", async () => {
    const { eventsUrl } = await richRun();
    const response = await user.fetch(eventsUrl, { headers: { Origin: "https://example.com" } });
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    await response.body?.cancel();
  });

  test("tells a run from its start to its end, in the contract's words", async () => {
    const { frames, runId, callId } = await richRun();
    expect(frames.map(({ id }) => id)).toEqual(numbers(frames.length));
    const without = kinds(frames).filter((kind, index, all) => kind !== "text" || all[index - 1] !== "text");
    expect(without).toEqual([
      "run_start",
      "llm_start",
      "text",
      "tool_call",
      "usage",
      "llm_end",
      "tool_result",
      "llm_start",
      "text",
      "usage",
      "llm_end",
      "done",
    ]);
    const data = (event: string) =>
      frames.filter((frame) => frame.event === event).map((frame) => frame.data);
    expect(data("run_start")).toEqual([{ run_id: runId, task_id: task.task_id }]);
    expect(data("llm_start")).toEqual([
      { step: 1, model: "scripted" },
      { step: 2, model: "scripted" },
    ]);
    expect(data("tool_call")).toEqual([{ id: callId, name: "list", arguments: { path: "." } }]);
    expect(data("tool_result")).toEqual([
      {
        id: callId,
        name: "list",
        content: expect.any(String),
        is_error: false,
        duration_ms: expect.any(Number),
      },
    ]);
    const counted = { tokens_in: expect.any(Number), tokens_out: expect.any(Number) };
    expect(data("llm_end")).toEqual([
      { step: 1, ...counted, finish_reason: "tool_calls" },
      { step: 2, ...counted, finish_reason: "stop" },
    ]);
    expect(data("done")).toEqual([{ status: "ok", ...counted }]);
    expect(spokenText(frames)).toBe('水泥\n第二行 😀"引号"\\ 完');
  });

  test.each([
    ["length", "length"],
    ["content_filter", "content_filter"],
    ["stop", "stop"],
  ])("finish_reason %s is passed on", async (given, shown) => {
    server.models.script({ ...says("好。"), finishReason: given });
    const { frames } = await finishRun(user, task.task_id);
    expect(frames.find(({ event }) => event === "llm_end")?.data).toMatchObject({ finish_reason: shown });
  });

  test("text that would break the frame travels whole", async () => {
    const text = "a\n\nid: 9\nevent: done\ndata: {}\n\n\r\n\rb\u2028c\u0085d\ufeff e";
    server.models.script(says(text));
    const { frames } = await finishRun(user, task.task_id);
    expect(spokenText(frames)).toBe(text);
    expect(kinds(frames)).toEqual(["run_start", "llm_start", "text", "usage", "llm_end", "done"]);
  });

  test("NUL and lone surrogates of the model become U+FFFD", async () => {
    server.models.script({
      parts: [{ text: "a\0b" }, { raw: rawChunk("c\\ud83dd") }, { raw: rawChunk("\\udc00e") }],
    });
    const { frames } = await finishRun(user, task.task_id);
    expect(spokenText(frames)).toBe("a\uFFFDbc\uFFFDd\uFFFDe");
  });
});

/** A chunk whose text is written with escapes that JSON.stringify would not write. */
function rawChunk(escaped: string): string {
  return `data: {"choices":[{"index":0,"delta":{"content":"${escaped}"},"finish_reason":null}]}\n\n`;
}

describe("resuming", () => {
  test("at every position gives exactly the rest", async () => {
    const { eventsUrl, frames } = await richRun();
    for (let position = 0; position <= frames.length; position += 1) {
      const rest = raws(frames.slice(position));
      expect(raws(await (await openEvents(user, eventsUrl, { lastEventId: position })).all())).toEqual(rest);
      expect(raws(await (await openEvents(user, eventsUrl, { after: position })).all())).toEqual(rest);
    }
  });

  test("Last-Event-ID counts more than ?after: it is what a reconnecting browser adds", async () => {
    const { eventsUrl, frames } = await richRun();
    const events = await openEvents(user, eventsUrl, { lastEventId: 3, after: 1 });
    expect(raws(await events.all())).toEqual(raws(frames.slice(3)));
  });

  test.each(["0", "-5", "", "abc", "1.5", "99999999999999999999", "1; drop"])(
    "a Last-Event-ID of '%s' breaks nothing",
    async (lastEventId) => {
      const { eventsUrl, frames } = await richRun();
      const got = raws(await (await openEvents(user, eventsUrl, { lastEventId })).all());
      expect([raws(frames), []]).toContainEqual(got);
    },
  );

  test.each(["abc", "1.5", ""])("?after=%s has the wrong shape", async (after) => {
    const { eventsUrl } = await richRun();
    expect((await ask(user, "GET", `${eventsUrl}?after=${after}`)).status).toBe(422);
  });

  test.each(["2147483648", "99999999999999999999999"])(
    "?after=%s is simply behind the end",
    async (after) => {
      const { eventsUrl } = await richRun();
      expect(await (await openEvents(user, eventsUrl, { after })).all()).toEqual([]);
    },
  );

  test("while the run is at work loses nothing and repeats nothing, wherever it was cut", async () => {
    const run = await startRun(user, task.task_id, "chat 40 4");
    const whole = (await openEvents(user, run.eventsUrl)).all();
    const pieces: Frame[] = [];
    for (let reads = 1; pieces.at(-1)?.event !== "done"; reads = (reads % 5) + 1) {
      const events = await openEvents(user, run.eventsUrl, { lastEventId: pieces.at(-1)?.id ?? 0 });
      for (let count = 0; count < reads; count += 1) if (!(await events.next())) break;
      pieces.push(...events.frames);
      events.close();
    }
    expect(raws(pieces)).toEqual(raws(await whole));
    expect(pieces.map(({ id }) => id)).toEqual(numbers(pieces.length));
  });
});

describe("watchers", () => {
  test("all of one run see the same bytes, however late each of them comes", async () => {
    const run = await startRun(user, task.task_id, "chat 60 3");
    const watchers: Promise<Frame[]>[] = [];
    const leader = await openEvents(user, run.eventsUrl);
    for (let frame = await leader.next(); frame; frame = await leader.next()) {
      if (frame.id % 7 === 0) watchers.push(openEvents(user, run.eventsUrl).then((events) => events.all()));
    }
    watchers.push(readRun(user, run.eventsUrl));
    expect(watchers.length).toBeGreaterThan(3);
    for (const watcher of watchers) expect(raws(await watcher)).toEqual(raws(leader.frames));
  });

  test("one that goes does not disturb the others", async () => {
    const run = await startRun(user, task.task_id, "chat 30 3");
    const [stays, goes] = [await openEvents(user, run.eventsUrl), await openEvents(user, run.eventsUrl)];
    await goes.until("text");
    goes.close();
    expect((await stays.all()).at(-1)?.event).toBe("done");
  });

  test("of a run that is not of this task get 404", async () => {
    const other = await createTask(user);
    const run = await startHangingRun(user, task.task_id);
    for (const [of, runId] of [
      [other.task_id, run.runId],
      [task.task_id, randomUUID()],
      [randomUUID(), run.runId],
      [task.task_id, "no-id"],
    ]) {
      expect((await ask(user, "GET", `/v1/tasks/${of}/runs/${runId}/events`)).status).toBe(404);
    }
    await ask(user, "POST", `/v1/tasks/${task.task_id}/runs/${run.runId}/cancel`);
    await run.events.all();
  });

  test("of a run that says nothing get a ping", async () => {
    await ping;
  });

  test("after the server was started anew read the same events", async () => {
    const { eventsUrl, frames } = await richRun();
    await server.restart();
    expect(raws(await readRun(user, eventsUrl))).toEqual(raws(frames));
  });
});

describe("when done or error has been sent", () => {
  test("the task already takes the next message, every time", async () => {
    const loop = await createTask(user);
    for (let round = 0; round < 40; round += 1) {
      const run = await startRun(user, loop.task_id, round % 4 === 3 ? "fail 400" : "好");
      const events = await openEvents(user, run.eventsUrl);
      let last = await events.next();
      while (last && last.event !== "done" && last.event !== "error") last = await events.next();
      expect(last?.event).toBe(round % 4 === 3 ? "error" : "done");
      // Not even the end of the stream is waited for.
    }
  });

  test("the messages and the state are there", async () => {
    const loop = await createTask(user);
    for (let round = 1; round <= 10; round += 1) {
      server.models.script(calls("list", {}), says("好。"));
      await finishRun(user, loop.task_id);
      const read = await ask<TaskAnswer>(user, "GET", `/v1/tasks/${loop.task_id}`);
      expect(read.body.n_messages).toBe(round * 4);
    }
  });
});
