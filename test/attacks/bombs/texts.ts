import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { ask, createTask } from "../../support/api/request.ts";
import { finishRun } from "../../support/api/runs.ts";
import { says } from "../../support/model-turn.ts";
import { short } from "./contents.ts";
import { type Bomb, mebibyte, times, type World } from "./world.ts";

/** An answer of the model, exported: a document of bounded size, or a word that it is too large. */
function exported(name: string, markdown: () => string): Bomb {
  return {
    name: `export: ${name}`,
    gives: {
      status: expect.toBeOneOf([200, 413]),
      size: expect.toSatisfy((size: number) => size < 8 * mebibyte),
    },
    async act({ attacker, models }) {
      const task = await createTask(attacker, { name: "导出", working_dir: "工" });
      models.script(says(markdown()));
      await finishRun(attacker, task.task_id, "写");
      const answer = await attacker.fetch(`/v1/tasks/${task.task_id}/export`);
      const size = (await answer.arrayBuffer()).byteLength;
      await ask(attacker, "DELETE", `/v1/tasks/${task.task_id}`);
      return { status: answer.status, size };
    },
  };
}

const list = (depth: number) =>
  Array.from({ length: depth }, (_, level) => `${" ".repeat(level * 2)}- 项`).join("\n");

export const exportBombs: Bomb[] = [
  exported("quotes 20,000 deep", () => `${"> ".repeat(times(20_000))}引`),
  exported("lists 1,500 deep", () => list(times(1_500))),
  exported("lists on one line", () => "- ".repeat(times(100_000))),
  exported(
    "a table of 300 columns and 300 rows",
    () => `|${" 甲 |".repeat(300)}\n|${"-|".repeat(300)}\n${`|${" 水 |".repeat(300)}\n`.repeat(300)}`,
  ),
  exported("100,000 stars", () => "*".repeat(times(100_000))),
  exported("emphasis that opens and never closes", () => "*a **a ".repeat(times(40_000))),
  exported("underscores in all lengths", () =>
    Array.from({ length: 600 }, (_, index) => "_".repeat(index)).join("a"),
  ),
  exported("one line of a megabyte", () => "水泥".repeat(times(170_000))),
  exported("5,000 pictures", () => "![图](图.png)\n\n".repeat(times(5_000))),
  exported("100,000 brackets", () => "[".repeat(times(100_000))),
  exported("links within links", () => "[a](".repeat(times(30_000))),
  exported("backticks in all lengths", () =>
    Array.from({ length: 700 }, (_, index) => "`".repeat(index)).join(" "),
  ),
  exported("addresses without an end", () => "a@b.".repeat(times(100_000))),
  exported("www. over and over", () => "www.".repeat(times(100_000))),
  exported("tags that do not close", () => "<a ".repeat(times(100_000))),
  exported("comments that do not close", () => "<!--".repeat(times(50_000))),
  exported("30,000 headings", () => "# 题\n\n".repeat(times(30_000))),
  exported(
    "20,000 definitions of one link",
    () => `${"[a]: b\n".repeat(times(20_000))}${"[a]".repeat(times(20_000))}`,
  ),
  exported("a block of code of a megabyte", () => `\`\`\`\n${"x\n".repeat(times(500_000))}`),
  exported("entities", () => "&#x1F600;".repeat(times(60_000))),
];

const aaa = "a".repeat(times(30_000));

const hostileCalls: [tool: string, input: unknown][] = [
  ["grep", { pattern: "(a+)+$" }],
  ["grep", { pattern: "(a|a)*b" }],
  ["grep", { pattern: "(.*a){20,30}b" }],
  ["grep", { pattern: "((((a{1,100}){1,100}){1,100}){1,100}){1,100}" }],
  ["grep", { pattern: "(".repeat(5_000) }],
  ["grep", { pattern: `[${"a-z".repeat(5_000)}]+` }],
  ["grep", { pattern: "\\p{L}{1000}{50}" }],
  ["grep", { pattern: "x".repeat(100_000) }],
  ["grep", { pattern: "a", glob: "{a,b}".repeat(2_000) }],
  ["glob", { pattern: "**/".repeat(2_000) }],
  ["glob", { pattern: "*a".repeat(500) }],
  ["glob", { pattern: "{a,{b,{c,".repeat(500) }],
  ["glob", { pattern: "[".repeat(5_000) }],
  ["edit", { path: "长.txt", old_text: "ab".repeat(10_000), new_text: "x" }],
  ["edit", { path: "行.txt", old_text: "甲\n".repeat(5_000), new_text: "x" }],
  ["edit", { path: "双.txt", old_text: `${"甲乙\n".repeat(5_000)}丙`, new_text: "x" }],
  ["read", { path: "长.txt", offset: 900_000_000 }],
];

let results: Promise<string[]> | undefined;

/** All in one turn of the model. */
async function callAll({ root, callTools }: World): Promise<string[]> {
  await writeFile(join(root, "工/长.txt"), `${aaa}!\n${"ab".repeat(5_000)}c\n`);
  await writeFile(join(root, "工/行.txt"), "甲\n".repeat(200_000));
  await writeFile(join(root, "工/双.txt"), "甲乙\n".repeat(200_000));
  return callTools(hostileCalls);
}

/** Patterns and passages that take for ever in other engines. */
export const toolBombs: Bomb[] = hostileCalls.map(([tool, input], index) => ({
  name: `tool: ${tool} ${JSON.stringify(input).slice(0, 60)}`,
  gives: short,
  async act(world) {
    results ??= callAll(world);
    return (await results)[index]?.length;
  },
}));
