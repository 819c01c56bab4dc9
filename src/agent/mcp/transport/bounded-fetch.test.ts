import { expect, test } from "vitest";
import { boundFetch } from "./bounded-fetch.ts";
import { createFloodGuard, McpFlood } from "./flood-guard.ts";

const event = "data: {}\n\n";

function stream(...chunks: string[]): Response {
  const bytes = chunks.map((chunk) => new TextEncoder().encode(chunk));
  const body = new ReadableStream({
    pull(controller) {
      const next = bytes.shift();
      if (next) controller.enqueue(next);
      else controller.close();
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
}

/** The clock stands still: nothing is forgiven. */
function guarded(answer: () => Response): { fetch: ReturnType<typeof boundFetch>; floods: Error[] } {
  const floods: Error[] = [];
  const guard = createFloodGuard(() => 0);
  return {
    fetch: boundFetch(
      async () => answer(),
      guard,
      (error) => floods.push(error),
    ),
    floods,
  };
}

test("a stream that ends again and again is not opened for ever", async () => {
  const { fetch } = guarded(() => stream("retry: 0\n\n"));
  const opened = await Promise.allSettled(
    Array.from({ length: 1_000 }, () => fetch("http://a/", { method: "GET" })),
  );
  expect(opened.filter(({ status }) => status === "fulfilled").length).toBeLessThan(500);
  expect(opened.at(-1)).toMatchObject({ status: "rejected" });
});

test("the events of all streams are counted, and an event without an end", async () => {
  const many = guarded(() => stream(event.repeat(1_500)));
  await (await many.fetch("http://a/")).text();
  await expect((await many.fetch("http://a/")).text()).rejects.toThrow(McpFlood);
  expect(many.floods).toHaveLength(1);
  const huge = guarded(() => stream(...Array<string>(20).fill("x".repeat(2 ** 20))));
  await expect((await huge.fetch("http://a/")).text()).rejects.toThrow("more than 16 MiB");
  const parted = guarded(() => stream(...Array<string>(20).fill(`${"x".repeat(2 ** 20)}\r\n\r\n`)));
  expect((await (await parted.fetch("http://a/")).text()).length).toBeGreaterThan(20 * 2 ** 20);
});
