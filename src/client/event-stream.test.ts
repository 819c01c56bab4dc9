import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiError } from "../protocol/error.ts";
import { endsRun, type NumberedEvent, type RunEvent } from "../protocol/event.ts";
import { createClient } from "./client.ts";
import { ConnectionError } from "./connection-error.ts";
import { type FollowOptions, followChanges, followRun, followTask } from "./event-stream.ts";

const said: RunEvent[] = [
  { type: "run_start", run_id: "r", task_id: "t" },
  { type: "llm_start", step: 1, model: "模型" },
  { type: "text", text: "第一行\n第二行 👩‍👩‍👧" },
  { type: "text", text: "," },
  { type: "done", status: "ok", tokens_in: 1, tokens_out: 2 },
];
const run: NumberedEvent[] = said.map((event, index) => ({ ...event, seq: index + 1 }));

function frame({ seq, type, ...data }: NumberedEvent): string {
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

type Connection = (after: number, signal: AbortSignal) => Response;

/** A server whose n-th connection behaves as the n-th of `connections`, the last one for ever. */
function serve(connections: Connection[]) {
  const asked: number[] = [];
  const client = createClient({
    baseUrl: "",
    fetch: async (_address, request = {}) => {
      const after = Number(new Headers(request.headers).get("Last-Event-ID"));
      const connection = connections[Math.min(asked.length, connections.length - 1)];
      asked.push(after);
      const signal = request.signal ?? new AbortController().signal;
      signal.throwIfAborted();
      if (!connection) throw new TypeError("fetch failed");
      return connection(after, signal);
    },
  });
  return { client, asked };
}

function stream(
  bytes: Uint8Array,
  { chunk = bytes.length, open = false, signal }: StreamOptions = {},
): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += chunk) controller.enqueue(bytes.slice(at, at + chunk));
      if (!open) controller.close();
      signal?.addEventListener("abort", () => open && controller.error(signal.reason));
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
}

interface StreamOptions {
  chunk?: number;
  open?: boolean;
  signal?: AbortSignal;
}

function bytesAfter(after: number, upTo = run.length): Uint8Array {
  const frames = run.filter(({ seq }) => seq > after && seq <= upTo).map(frame);
  return new TextEncoder().encode([": connected\nretry: 3000\n\n", ...frames].join(""));
}

const whole: Connection = (after) => stream(bytesAfter(after));
/** Says the first two events and then nothing. */
const silent: Connection = (_after, signal) => stream(bytesAfter(0, 2), { open: true, signal });
const away: Connection = () => {
  throw new TypeError("fetch failed");
};

/** Follows the run to its end while the clock runs by itself. */
async function follow(connections: Connection[], options: FollowOptions = {}) {
  const { client, asked } = serve(connections);
  const events: NumberedEvent[] = [];
  const following = (async () => {
    for await (const event of followRun(client, "t", "r", options)) events.push(event);
  })();
  const settled = following.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  let over = false;
  void settled.then(() => {
    over = true;
  });
  while (!over) await vi.advanceTimersByTimeAsync(1_000);
  return { events, asked, error: await settled };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("following a run", () => {
  test("gives each event exactly once and in order, wherever its connections are cut", async () => {
    const cut = fc.record({ bytes: fc.nat({ max: 600 }), chunk: fc.integer({ min: 1, max: 200 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { maxLength: 6 }), async (cuts) => {
        const connections = cuts.map<Connection>(({ bytes, chunk }) => (after) => {
          return stream(bytesAfter(after).slice(0, bytes), { chunk });
        });
        const { events, error } = await follow([...connections, whole]);
        expect(error).toBeUndefined();
        expect(events).toEqual(run);
      }),
      { numRuns: 150 },
    );
  });

  test("skips what a server repeats and asks again where it left something out", async () => {
    const repeating: Connection = () => stream(bytesAfter(0));
    const gap: Connection = () => stream(new TextEncoder().encode(run.slice(3).map(frame).join("")));
    const { events, asked } = await follow([() => stream(bytesAfter(0, 2)), gap, repeating]);
    expect(events).toEqual(run);
    expect(asked).toEqual([0, 2, 2]);
  });

  test("goes on after an event that is known already", async () => {
    const { events, asked } = await follow([whole], { after: 3 });
    expect(events.map(({ seq }) => seq)).toEqual([4, 5]);
    expect(asked).toEqual([3]);
  });

  test("gives up a connection on which nothing is said, and says so meanwhile", async () => {
    const states: string[] = [];
    const { events, asked } = await follow([silent, whole], { onConnection: (state) => states.push(state) });
    expect(events).toEqual(run);
    expect(asked).toEqual([0, 2]);
    expect(states).toEqual(["live", "lost", "live"]);
  });

  test("bears a server that is away, busy or a proxy's error page", async () => {
    const refused = (status: number, code: string): Connection => {
      return () => new Response(JSON.stringify({ detail: "…", code, request_id: "r" }), { status });
    };
    const page: Connection = () => new Response("<html>", { headers: { "Content-Type": "text/html" } });
    const connections = [away, refused(503, "unavailable"), refused(429, "rate_limited"), page, whole];
    const { events } = await follow(connections);
    expect(events).toEqual(run);
  });

  test.each([
    [404, "run_not_found"],
    [401, "unauthorized"],
  ])("ends at once where the server answers %i", async (status, code) => {
    const body = JSON.stringify({ detail: "…", code, request_id: "r" });
    const { error, asked } = await follow([() => new Response(body, { status })]);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code });
    expect(asked).toHaveLength(1);
  });

  test("is given up after the time its caller set, be the server away or never getting to an event", async () => {
    const greeting: Connection = () => stream(bytesAfter(run.length));
    for (const connection of [away, greeting]) {
      const { error, asked } = await follow([connection], { giveUpAfterMs: 60_000 });
      expect(error).toBeInstanceOf(ConnectionError);
      expect(asked.length).toBeGreaterThan(3);
    }
  });

  test("is not given up for a connection that is cut now and then", async () => {
    const { events } = await follow([...Array<Connection>(9).fill(silent), whole], { giveUpAfterMs: 60_000 });
    expect(events).toEqual(run);
  });

  test("can be stopped while it reads and while it waits", async () => {
    for (const connection of [silent, away]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error("走了")), 5_000);
      const { error } = await follow([connection], { signal: controller.signal });
      expect(error).toMatchObject({ message: "走了" });
    }
  });

  test("hangs up when its reader leaves", async () => {
    const left = Promise.withResolvers<void>();
    const { client } = serve([
      (after, signal) => {
        signal.addEventListener("abort", () => left.resolve());
        return silent(after, signal);
      },
    ]);
    for await (const event of followRun(client, "t", "r")) if (!endsRun(event.type)) break;
    await left.promise;
  });
});

describe("following what is not numbered", () => {
  /** Answers with these frames after the cursor that is asked for, cutting each connection after two of them. */
  function serveCursors(frames: { cursor: string; text: string }[]) {
    const asked: { path: string; after: string | null }[] = [];
    const client = createClient({
      baseUrl: "",
      fetch: async (address, request = {}) => {
        const after = new Headers(request.headers).get("Last-Event-ID");
        asked.push({ path: String(address), after });
        const from = frames.findIndex(({ cursor }) => cursor === after) + 1;
        const next = frames.slice(from, from + 2);
        const text = next.map((each) => `id: ${each.cursor}\n${each.text}\n\n`).join("");
        return stream(new TextEncoder().encode(`: connected\n\n${text}`));
      },
    });
    return { client, asked };
  }

  /** The first `count` of what is followed, while the clock runs by itself. */
  async function take<Item>(items: AsyncGenerator<Item>, count: number): Promise<Item[]> {
    const taken: Item[] = [];
    const taking = (async () => {
      for await (const item of items) if (taken.push(item) === count) break;
    })();
    while (taken.length < count) await vi.advanceTimersByTimeAsync(1_000);
    await taking;
    return taken;
  }

  test("goes on after the last cursor, which only the server understands", async () => {
    const frames = ["甲", "乙", "丙"].map((text, index) => ({
      cursor: `c${7 - index}`,
      text: `event: text\ndata: {"run_id":"${index < 2 ? "r1" : "r2"}","text":"${text}"}`,
    }));
    const { client, asked } = serveCursors(frames);
    expect(await take(followTask(client, "t"), 3)).toEqual([
      { event: { type: "text", run_id: "r1", text: "甲" }, cursor: "c7" },
      { event: { type: "text", run_id: "r1", text: "乙" }, cursor: "c6" },
      { event: { type: "text", run_id: "r2", text: "丙" }, cursor: "c5" },
    ]);
    expect(asked).toEqual([
      { path: "/v1/tasks/t/events", after: null },
      { path: "/v1/tasks/t/events", after: "c6" },
    ]);
  });

  test("begins where its caller says, and tells the changes of all tasks", async () => {
    const frames = [
      { cursor: "c1", text: "event: ready\ndata: {}" },
      { cursor: "c2", text: 'event: task_deleted\ndata: {"task_id":"t"}' },
    ];
    const { client, asked } = serveCursors(frames);
    const [change] = await take(followChanges(client, { after: "c1" }), 1);
    expect(change).toEqual({ event: { type: "task_deleted", task_id: "t" }, cursor: "c2" });
    expect(asked[0]).toEqual({ path: "/v1/events", after: "c1" });
  });
});
