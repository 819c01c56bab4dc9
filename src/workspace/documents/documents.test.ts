import { Document, Packer, Paragraph, TextRun } from "docx";
import { afterAll, expect, test } from "vitest";
import {
  makeDocx,
  makePdf,
  makePptx,
  makeWorkbook,
  makeZip,
  slideShape,
  writePdf,
} from "../../../test/support/documents.ts";
import { JobThread } from "../threads/job-thread.ts";
import type { DocumentAnswer, DocumentJob, DocumentText } from "./document-job.ts";

const limits = { waiting: 8, timeMs: 60_000, idleMs: 60_000, memoryMiB: 768 };
const thread = new JobThread<DocumentJob, DocumentAnswer>(import.meta.dirname, "document-worker", limits);
const never = new AbortController().signal;
afterAll(() => thread.close());

async function answer(bytes: Buffer, wanted: Partial<DocumentJob> = {}): Promise<DocumentAnswer> {
  const whole = { pages: undefined, sheet: undefined, offset: 1, limit: 2_000, maxBytes: 48 * 1024 };
  const job = { ...whole, ...wanted, bytes: new Uint8Array(bytes) };
  const done = await thread.run(job, never, [job.bytes.buffer]);
  if ("failure" in done) throw new Error(done.failure);
  return done.result;
}

async function read(bytes: Buffer, wanted: Partial<DocumentJob> = {}): Promise<DocumentText> {
  const result = await answer(bytes, wanted);
  if (!("text" in result)) throw new Error(JSON.stringify(result));
  return result.text;
}

test("words of a Word document stand as they are, beside bold punctuation and within names", async () => {
  const bold = new TextRun({ text: "注意：", bold: true });
  const paragraph = new Paragraph({ children: [bold, new TextRun("请看 snake_case_名。")] });
  const file = await Packer.toBuffer(new Document({ sections: [{ children: [paragraph] }] }));
  expect((await read(file)).lines).toEqual(["**注意：**请看 snake_case_名。"]);
});

test("a Word document is markdown with headings, lists, tables and notes", async () => {
  const { lines, notes } = await read(await makeDocx());
  expect(lines.join("\n")).toBe(
    [
      "# 年度报告",
      "",
      "收入**增长**[^1]",
      "",
      "- 第一项",
      "  - 细项",
      "",
      "| 名称 | 数量 |",
      "| - | - |",
      "| 水泥 | 12 |",
      "",
      "1. [^1]: 脚注的内容",
    ].join("\n"),
  );
  expect(notes).toEqual([]);
  const part = await read(await makeDocx(), { offset: 3, limit: 2 });
  expect(part.lines).toEqual(["收入**增长**[^1]", ""]);
  expect(part.notes).toEqual(["[lines 3-4 of 12 shown; continue with offset 5]"]);
});

const sheets = {
  账: [
    ["日期", "金额", "公式"],
    [new Date(Date.UTC(2024, 1, 29)), 0.1 + 0.2, { t: "n" as const, v: 3, f: "SUM(B1:B2)" }],
    [new Date(Date.UTC(2024, 2, 1, 13, 5)), true, "两\n行"],
  ],
  空: [],
};

test.each(["xlsx", "ods", "xlsb", "biff8"] as const)(
  "a workbook (%s) shows values, dates and rows as numbered in the sheet",
  async (format) => {
    const { title, lines } = await read(makeWorkbook(sheets, format));
    expect(title).toBe('Workbook, sheet "账", cells A1:C3; sheets: 账, 空');
    expect(lines.slice(0, 2)).toEqual(["\tA\tB\tC", "1\t日期\t金额\t公式"]);
    expect(lines[2]).toMatch(/^2\t2024-02-29\t0\.3\t3/);
    expect(lines[3]).toBe("3\t2024-03-01 13:05:00\tTRUE\t两\\n行");
  },
);

test("a workbook shows formulas beside their values, a sheet by its name, and rows in parts", async () => {
  const rows = Array.from({ length: 500 }, (_, index) => [`第${index + 1}行`, index]);
  const book = makeWorkbook({ ...sheets, 长: rows });
  expect((await read(book)).lines[2]).toContain("3 [=SUM(B1:B2)]");
  expect((await read(book, { sheet: "空" })).title).toMatch(/sheet "空", empty/);
  const part = await read(book, { sheet: "长", offset: 400, limit: 2 });
  expect(part.lines).toEqual(["\tA\tB", "400\t第400行\t399", "401\t第401行\t400"]);
  expect(part.notes).toEqual(['[continue with sheet "长" and offset 402]']);
  expect(await answer(book, { sheet: "没有" })).toEqual({
    refusal: 'There is no sheet "没有". The sheets are: 账, 空, 长.',
  });
});

test("a presentation shows its slides in order, with titles, tables and notes", async () => {
  const table =
    "<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>甲</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>乙|丙</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>";
  const picture = '<p:pic><p:nvPicPr><p:cNvPr id="9" name="图" descr="趋势图"/></p:nvPicPr></p:pic>';
  const slides = [
    { shapes: slideShape("ctrTitle", ["封面"]) + slideShape("body", ["一 &amp; 二"]), notes: "先问好" },
    { shapes: `<p:grpSp>${slideShape("body", ["组内"])}</p:grpSp>${table}${picture}` },
    { shapes: slideShape("title", ["结尾"]) },
  ];
  const { title, lines } = await read(makePptx(slides));
  expect(title).toBe("Presentation, 3 slides");
  expect(lines).toEqual([
    ...["## Slide 1: 封面", "一 & 二", "Notes:", "先问好", ""],
    ...["## Slide 2", "组内", "| 甲 | 乙\\|丙 |", "[picture: 趋势图]", ""],
    ...["## Slide 3: 结尾", ""],
  ]);
  const last = await read(makePptx(slides), { pages: { first: 3, last: 3 } });
  expect(last.lines[0]).toBe("## Slide 3: 结尾");
  expect(last.notes).toEqual(["[slide 3 of 3 shown]"]);
});

test("a PDF shows its pages, and says which hold no text", async () => {
  const { title, lines, notes } = await read(makePdf([["你好，世界", "Second line"], [], ["第三页"]]));
  expect(title).toBe("PDF, 3 pages");
  expect(lines).toEqual([
    ...["## Page 1", "你好，世界", "Second line", ""],
    ...["## Page 2 (no text; perhaps a scan)", ""],
    ...["## Page 3", "第三页", ""],
  ]);
  expect(notes).toEqual([]);
  expect((await read(makePdf([[], []]))).notes.join()).toMatch(/probably scans/);
});

/** A PDF with one line in a font that is not in it. */
function makeForeignFontPdf(encoding: string, ordering: string, line: string): Buffer {
  const content = `BT /F1 12 Tf 50 800 Td <${line}> Tj ET`;
  const font = `<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (${ordering}) /Supplement 4 >> /DW 1000 /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >> >>`;
  return writePdf(
    [
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
      `<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /${encoding} /DescendantFonts [${font}] >>`,
    ],
    1,
  );
}

test.each([
  ["GBK-EUC-H", "GB1", "d6d0cec441"],
  ["UniGB-UCS2-H", "GB1", "4e2d65870041"],
  ["ETen-B5-H", "CNS1", "a4a4a4e541"],
  ["UniCNS-UTF16-H", "CNS1", "4e2d65870041"],
])(
  "an old Chinese PDF whose font is not in it is read by its encoding, %s",
  async (encoding, ordering, line) => {
    expect((await read(makeForeignFontPdf(encoding, ordering, line))).lines).toEqual([
      "## Page 1",
      "中文A",
      "",
    ]);
  },
);

test("a font of which nobody knows the characters gives none, rather than wrong ones", async () => {
  const { lines } = await read(makeForeignFontPdf("Identity-H", "GB1", "11861d0f"));
  expect(lines).toEqual(["## Page 1 (no text; perhaps a scan)", ""]);
});

test("of a long document whole pages are shown, and how to go on", async () => {
  const pages = Array.from({ length: 30 }, (_, page) =>
    Array.from(
      { length: 40 },
      (_, line) => `第${page + 1}页第${line + 1}行：文字文字文字文字文字文字文字文字`,
    ),
  );
  const first = await read(makePdf(pages), { maxBytes: 12_000 });
  expect(first.notes).toEqual(['[pages 1-4 of 30 shown; continue with pages "5-"]']);
  const single = await read(makePdf(pages), { maxBytes: 2_000, pages: { first: 5, last: 8 } });
  const [, next] =
    /^\[page 5 of 30 shown; continue with pages "5-8" and offset (\d+)\]$/.exec(single.notes[0] ?? "") ?? [];
  const more = await read(makePdf(pages), {
    maxBytes: 2_000,
    pages: { first: 5, last: 8 },
    offset: Number(next),
  });
  expect(more.lines[0]).toMatch(new RegExp(`^第5页第${single.lines.length}行`));
});

test("other archives are listed, and old formats say what to do", async () => {
  const { title, lines } = await read(makeZip({ "资料/一.txt": "12345", "b.bin": "" }));
  expect(title).toMatch(/^Zip archive, 2 files/);
  expect(lines).toEqual(["资料/一.txt (5 bytes)", "b.bin (0 bytes)"]);
  const old = (stream: string) =>
    answer(
      Buffer.concat([
        Buffer.from("\xd0\xcf\x11\xe0", "latin1"),
        Buffer.alloc(600),
        Buffer.from(stream, "utf16le"),
      ]),
    );
  expect(await old("WordDocument")).toEqual({ refusal: expect.stringMatching(/\.doc\).*soffice/) });
  expect(await old("PowerPoint Document")).toEqual({ refusal: expect.stringMatching(/\.ppt\).*soffice/) });
  expect(await old("EncryptedPackage")).toEqual({ refusal: expect.stringMatching(/password/) });
});
