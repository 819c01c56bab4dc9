import type { Callee } from "../failure.ts";
import { type Answer, post } from "../post.ts";

/**
 * The fetch that SDK packages are given: our own connections, with their watch for silence and their
 * errors. It serves what these packages send, a POST with a text as its body.
 */
export function createPostFetch(callee: Callee, stallMs: number): typeof fetch {
  return async (input, init = {}) => {
    const answer = await post({
      url: new URL(input instanceof Request ? input.url : input),
      headers: Object.fromEntries(new Headers(init.headers)),
      body: typeof init.body === "string" ? init.body : "",
      stallMs,
      signal: init.signal ?? new AbortController().signal,
      callee,
    });
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers.set(name, String(value));
    }
    return new Response(toStream(answer), { status: answer.status, headers });
  };
}

function toStream(answer: Answer): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      answer
        .read((bytes) => controller.enqueue(bytes))
        .then(
          () => controller.close(),
          (error) => controller.error(error),
        );
    },
    cancel: () => answer.close(),
  });
}
