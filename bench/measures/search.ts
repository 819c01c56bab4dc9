import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { globTool } from "../../src/agent/tools/files/glob.ts";
import { grepTool } from "../../src/agent/tools/files/grep.ts";
import type { Tool } from "../../src/agent/tools/tool.ts";
import { openDirectory } from "../../src/workspace/open-directory.ts";
import { searchProgram } from "../../src/workspace/search/ripgrep.ts";
import { openTestSandbox } from "../../test/support/sandbox.ts";
import { toolContext } from "../../test/support/tool-context.ts";
import type { Row } from "../report.ts";
import { median, now } from "../statistics.ts";

const folders = 1_000;
const filesEach = 100;
const rounds = 7;

/** What is searched for, by our tool and by ripgrep itself. */
const searches: { name: string; tool: Tool; input: Record<string, unknown>; direct: string[] }[] = [
  {
    name: "grep for what 2 % of 100,000 files hold",
    tool: grepTool,
    input: { pattern: "要找的 needle" },
    direct: ["--line-number", "要找的 needle", "./"],
  },
  {
    name: "grep for the files of one kind that hold it",
    tool: grepTool,
    input: { pattern: "needle", glob: "*.ts", output: "files" },
    direct: ["--files-with-matches", "--glob=*.ts", "needle", "./"],
  },
  {
    name: "glob of 25,000 among 100,000 files",
    tool: globTool,
    input: { pattern: "*.ts" },
    direct: ["--files", "--glob=*.ts", "./"],
  },
  {
    name: "glob of 100 among 100,000 files, by time",
    tool: globTool,
    input: { pattern: "子 7*/文件 77.md" },
    direct: ["--files", "--glob=子 7*/文件 77.md", "./"],
  },
];

/** Our tools at level strict beside ripgrep started plainly, in turn, over 100,000 files. */
export async function measureSearch(): Promise<Row[]> {
  const host = await mkdtemp(join(tmpdir(), "zcbot-bench-"));
  const sandbox = await openTestSandbox("strict");
  if (!sandbox) return [];
  try {
    await fill(host);
    const directory = await openDirectory(host);
    const rows: Row[] = [];
    for (const { name, tool, input, direct } of searches) {
      const context = toolContext(directory, sandbox);
      const ours: number[] = [];
      const alone: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        const [plain, tools] = [
          await time(() => ripgrepAlone(host, direct)),
          await time(async () => {
            const { isError, content } = await tool.execute(tool.parameters.parse(input), context);
            if (isError) throw new Error(content);
          }),
        ];
        // The first round warms the disk's cache.
        if (round === 0) continue;
        alone.push(plain);
        ours.push(tools);
      }
      const figure = median(ours) / median(alone);
      const sides = { ours: median(ours), direct: median(alone) };
      rows.push({
        name: `${name}, over ripgrep alone`,
        unit: "x",
        figure,
        ...sides,
        limit: 1.5,
        atMost: true,
      });
    }
    return rows;
  } finally {
    await sandbox.close();
    await rm(host, { recursive: true });
  }
}

async function fill(host: string): Promise<void> {
  const text = "普通的一行文字，没有什么特别的内容\n".repeat(6);
  for (let folder = 0; folder < folders; folder++) {
    const place = join(host, `目录 ${folder % 40}`, `子 ${folder}`);
    await mkdir(place, { recursive: true });
    await Promise.all(
      Array.from({ length: filesEach }, (_, file) =>
        writeFile(
          join(place, `文件 ${file}.${file % 4 === 0 ? "ts" : "md"}`),
          `第一行 ${folder} ${file}\n${text}${file % 50 === 8 ? "要找的 needle\n" : ""}`,
        ),
      ),
    );
  }
}

async function time(work: () => Promise<void>): Promise<number> {
  const startedAt = now();
  await work();
  return now() - startedAt;
}

async function ripgrepAlone(cwd: string, options: string[]): Promise<void> {
  const child = spawn(searchProgram, ["--no-config", ...options], {
    cwd,
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.stdout.resume();
  await new Promise((resolve) => child.once("close", resolve));
}
