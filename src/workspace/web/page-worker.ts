import { type MessagePort, parentPort } from "node:worker_threads";
import type { FromJobThread } from "../threads/job-thread.ts";
import { decodeText } from "./decode-text.ts";
import { htmlToMarkdown, htmlToText, type PageText } from "./html-to-markdown.ts";
import type { PageJob } from "./page-job.ts";

// The thread that makes pages readable: one job at a time, ended by JobThread.

if (parentPort) serve(parentPort);

function serve(port: MessagePort): void {
  port.on("message", (job: PageJob) => {
    let answer: FromJobThread<PageText>;
    try {
      answer = { result: readPage(job) };
    } catch (error) {
      answer = { failure: error instanceof Error ? error.message : String(error) };
    }
    port.postMessage(answer);
  });
}

function readPage({ bytes, charset, address, plain }: PageJob): PageText {
  const html = decodeText(bytes, charset);
  return plain ? { title: "", markdown: htmlToText(html) } : htmlToMarkdown(html, address);
}
