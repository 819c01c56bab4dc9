import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utils, write } from "@e965/xlsx";
import { Document, Packer, Paragraph, Table, TableCell, TableRow, TextRun } from "docx";
import mammoth from "mammoth";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSkills } from "../../src/agent/skills/skills.ts";
import { openDirectory } from "../../src/workspace/open-directory.ts";
import { plainSandbox } from "../../src/workspace/sandbox/plain.ts";

const folder = join(import.meta.dirname, "../../skills");
let host: string;
beforeAll(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-内置-"));
});
afterAll(() => rm(host, { recursive: true }));

/** Runs a script of a skill in the test's folder. */
function runScript(path: string, ...given: string[]): Promise<{ code: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(folder, path), ...given], { cwd: host }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

test("the built-in skills load, describe themselves in both languages and keep short", async () => {
  const sandbox = plainSandbox({ containment: "group", prefix: [] }, "off", []);
  const skills = createSkills(folder, sandbox)(await openDirectory(host));
  const { skills: list, skipped } = await skills.list();
  expect(skipped).toEqual([]);
  expect(list.map(({ name }) => name)).toEqual([
    "fill-form",
    "meeting-minutes",
    "review-document",
    "spreadsheet-analysis",
    "translate",
    "write-report",
  ]);
  for (const { name, description } of list) {
    expect(description).toMatch(/\p{Script=Han}/u);
    const text = await readFile(join(folder, name, "SKILL.md"), "utf8");
    expect(text.split("\n").length).toBeLessThan(120);
    expect(text).toContain(`\nname: ${name}\n`);
  }
});

test("a form in .docx is listed and filled, cells and placeholders, in the look it had", async () => {
  const cell = (text: string) =>
    new TableCell({ children: [new Paragraph({ children: [new TextRun({ text, bold: true })] })] });
  const form = new Document({
    sections: [
      {
        children: [
          // Words parted among runs, as Word leaves them.
          new Paragraph({ children: [new TextRun("项目：{{项"), new TextRun("目名称}}（甲 & 乙）")] }),
          new Paragraph("普通的一段"),
          new Table({
            rows: [
              new TableRow({ children: [cell("单位名称"), cell("")] }),
              new TableRow({ children: [cell("简介"), cell("旧的简介")] }),
            ],
          }),
        ],
      },
    ],
  });
  await writeFile(join(host, "申报书.docx"), await Packer.toBuffer(form));
  expect((await runScript("fill-form/scripts/fill-docx.mjs", "fields", "申报书.docx")).output).toBe(
    "1.1.1\t单位名称\n1.1.2\t\n1.2.1\t简介\n1.2.2\t旧的简介\nparagraph\t项目：{{项目名称}}（甲 & 乙）\n",
  );
  await writeFile(
    join(host, "values.json"),
    JSON.stringify({
      cells: { "1.1.2": "某某 <公司> & 分公司", "1.2.2": "第一段\n第二段", "9.1.1": "无处" },
      replace: { "{{项目名称}}": "水泥窑余热利用", "{{没有}}": "x" },
    }),
  );
  const given = ["fill", "申报书.docx", "values.json", "已填.docx"];
  expect(await runScript("fill-form/scripts/fill-docx.mjs", ...given)).toEqual({
    code: 1,
    output: "Wrote 已填.docx.\nFound no place for: cell 9.1.1, {{没有}}\n",
  });
  const { value } = await mammoth.convertToHtml({ path: join(host, "已填.docx") });
  expect(value).toContain("项目：水泥窑余热利用（甲 &amp; 乙）");
  expect(value).toContain("<strong>某某 &lt;公司&gt; &amp; 分公司</strong>");
  expect(value).toMatch(/第一段<\/strong><\/p><p><strong>第二段/);
  expect(value).not.toContain("旧的简介");
});

test("a sheet of an .xlsx becomes CSV, with dates, formulas and text as they are shown", async () => {
  const sheet = utils.aoa_to_sheet([
    ["单位", "日期", "金额", "编号", "已付"],
    ["甲公司，北京", new Date(Date.UTC(2026, 0, 5)), 1234.5, "007", true],
    [],
    ['引"号\n换行', null, { t: "n", v: 30, f: "10+20" }, "", false],
  ]);
  const book = utils.book_new();
  utils.book_append_sheet(book, utils.aoa_to_sheet([["x"]]), "封面");
  utils.book_append_sheet(book, sheet, "明细 & 合计");
  await writeFile(join(host, "数据.xlsx"), write(book, { type: "buffer", cellDates: false }));
  const script = "spreadsheet-analysis/scripts/xlsx-to-csv.mjs";
  expect((await runScript(script, "数据.xlsx")).output).toBe("1\t封面\tA1\n2\t明细 & 合计\tA1:E4\n");
  const csv = [
    "\uFEFF单位,日期,金额,编号,已付",
    "甲公司，北京,2026-01-05,1234.5,007,TRUE",
    "",
    '"引""号\n换行",,30,,FALSE',
    "",
  ].join("\n");
  expect((await runScript(script, "数据.xlsx", "明细 & 合计")).output).toBe(csv);
  expect((await runScript(script, "数据.xlsx", "2")).output).toBe(csv);
  expect(await runScript(script, "数据.xlsx", "没有")).toMatchObject({
    code: 1,
    output: expect.stringContaining("封面, 明细 & 合计"),
  });
});
