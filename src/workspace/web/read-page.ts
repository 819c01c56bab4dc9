import { ApiError } from "../../protocol/error.ts";
import { JobThread } from "../threads/job-thread.ts";
import type { PageText } from "./html-to-markdown.ts";
import type { PageJob } from "./page-job.ts";

const thread = new JobThread<PageJob, PageText>(import.meta.dirname, "page-worker", {
  waiting: 32,
  // A page of 3 MB takes some 5 s; one that is made to take long is not worth more.
  timeMs: 15_000,
  idleMs: 60_000,
  memoryMiB: 512,
});

/**
 * An HTML page as markdown, made in a thread of its own; only its words, where its structure takes too long, too much
 * memory, or breaks the reader. Throws ApiError `unavailable` where too many wait, and the signal's reason.
 */
export async function readPage(page: Omit<PageJob, "plain">, signal: AbortSignal): Promise<PageText> {
  for (const plain of [false, true]) {
    const answer = await thread.run({ ...page, plain }, signal);
    if ("result" in answer) return answer.result;
    if (answer.failure === "busy") {
      throw new ApiError("unavailable", "Many pages are being read. Try again shortly.", { retryAfter: 5 });
    }
  }
  return { title: "", markdown: "" };
}
