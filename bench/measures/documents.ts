import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDocument } from "../../src/workspace/documents/read-document.ts";
import { openDirectory } from "../../src/workspace/open-directory.ts";
import { makePdf } from "../../test/support/documents.ts";
import type { Row } from "../report.ts";
import { now, percentile } from "../statistics.ts";

const pages = 100;
const linesEach = 45;
const rounds = 10;
/** Between two looks at how late the event loop is, milliseconds. */
const glanceMs = 2;

/** A PDF of 100 pages to text, the thread's start included, and how late the event loop is meanwhile. */
export async function measureDocuments(): Promise<Row[]> {
  const host = await mkdtemp(join(tmpdir(), "zcbot-bench-"));
  try {
    await writeFile(
      join(host, "书.pdf"),
      makePdf(Array.from({ length: pages }, (_, page) => makePage(page))),
    );
    const directory = await openDirectory(host);
    const read = async (): Promise<void> => {
      const file = await directory.open("书.pdf");
      const wanted = { pages: undefined, sheet: undefined, offset: 1, limit: 1e6, maxBytes: 1e9 };
      const { lines } = await readDocument(file, wanted, new AbortController().signal);
      await file.handle.close();
      if (lines.length !== pages * (linesEach + 2)) throw new Error(`${lines.length} lines were read`);
    };
    const lags = watchLags();
    const startedAt = now();
    await read();
    const first = now() - startedAt;
    for (let round = 1; round < rounds; round++) await read();
    const late = lags.stop();
    return [
      {
        name: "PDF of 100 pages to text, the first time",
        unit: "ms",
        figure: first,
        limit: 2_000,
        atMost: true,
      },
      {
        name: "event loop's lag while PDFs are read, p99",
        unit: "ms",
        figure: percentile(late, 0.99),
        limit: 20,
        atMost: true,
      },
    ];
  } finally {
    await rm(host, { recursive: true });
  }
}

function makePage(page: number): string[] {
  return Array.from(
    { length: linesEach },
    (_, line) => `第${page + 1}页第${line + 1}行：本报告期内公司实现营业收入一百二十三亿元，同比增长百分之八`,
  );
}

function watchLags(): { stop(): number[] } {
  const lags: number[] = [];
  let last = now();
  const timer = setInterval(() => {
    const time = now();
    lags.push(Math.max(0, time - last - glanceMs));
    last = time;
  }, glanceMs);
  return {
    stop() {
      clearInterval(timer);
      return lags;
    },
  };
}
