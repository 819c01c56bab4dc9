import { deflateRawSync, deflateSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
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
import type { DocumentAnswer, DocumentJob } from "./document-job.ts";

// Files that are made to break whoever reads them: each gets an answer, and the next document is read as ever.

const limits = { waiting: 8, timeMs: 20_000, idleMs: 60_000, memoryMiB: 256 };
const thread = new JobThread<DocumentJob, DocumentAnswer>(import.meta.dirname, "document-worker", limits);
const never = new AbortController().signal;
afterAll(() => thread.close());

let sound: Buffer;
beforeAll(async () => {
  sound = await makeDocx();
});

async function ask(file: Buffer, on = thread): Promise<DocumentAnswer | { failure: string }> {
  const job = {
    bytes: new Uint8Array(file),
    pages: undefined,
    sheet: undefined,
    offset: 1,
    limit: 2_000,
    maxBytes: 48_000,
  };
  const done = await on.run(job, never, [job.bytes.buffer]);
  return "failure" in done ? done : done.result;
}

async function expectSound(): Promise<void> {
  expect(await ask(sound)).toMatchObject({ text: { lines: expect.arrayContaining(["# 年度报告"]) } });
}

/** An archive with one packed part that says it unpacks to `declared` bytes. */
function makeBomb(name: string, content: Buffer, declared: number): Buffer {
  const packed = deflateRawSync(content);
  const archive = makeZip({ [name]: packed });
  const central = archive.lastIndexOf("PK\x01\x02", undefined, "latin1");
  for (const [method, size] of [
    [8, 22],
    [central + 10, central + 24],
  ] as const) {
    archive.writeUInt16LE(8, method);
    archive.writeUInt32LE(declared, size);
  }
  return archive;
}

test("archives that burst are refused, whether they say so or lie", async () => {
  const zeros = Buffer.alloc(2 ** 20);
  expect(await ask(makeBomb("word/document.xml", zeros, 200 * 2 ** 20))).toEqual({
    refusal: expect.stringMatching(/larger than 160 MB once unpacked/),
  });
  expect(await ask(makeBomb("xl/workbook.xml", zeros, 1_000))).toEqual({
    refusal: expect.stringMatching(/damaged/),
  });
  await expectSound();
});

test("declared entities are not expanded", async () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "哈哈"><!ENTITY b "${"&a;".repeat(50)}"><!ENTITY c "${"&b;".repeat(50)}">]><p>&c;</p>`;
  for (const name of ["word/document.xml", "ppt/presentation.xml", "xl/workbook.xml"]) {
    expect(await ask(makeZip({ [name]: bomb }))).toEqual({ refusal: expect.stringMatching(/XML entities/) });
  }
});

test("what is nested without end gets an answer", async () => {
  const deep = "<a:p>".repeat(20_000);
  const answers = await Promise.all([
    ask(makePptx([{ shapes: deep }])),
    ask(
      makePptx([
        {
          shapes: `${"<p:grpSp>".repeat(900)}${slideShape("body", ["底"])}${"</p:grpSp>".repeat(900)}`,
        },
      ]),
    ),
    ask(makeZip({ "word/document.xml": `<w:document>${"<w:tbl>".repeat(900)}` })),
  ]);
  expect(answers[0]).toEqual({ refusal: expect.stringMatching(/nested too deep/) });
  for (const answer of answers) expect(answer).not.toHaveProperty("failure");
  await expectSound();
});

test("a sheet whose cells lie a million rows apart is as small as its cells", async () => {
  const parts = {
    "[Content_Types].xml":
      '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels":
      '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml":
      '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="远" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels":
      '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/worksheets/sheet1.xml":
      '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData></worksheet>',
  };
  expect(await ask(makeZip(parts))).toMatchObject({
    text: { title: expect.stringContaining("A1:XFD1048576"), lines: ["\tA", "1\t1"] },
  });
});

test("a PDF that goes in circles, or bursts, gets an answer", async () => {
  const circle = writePdf(
    ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 /Parent 2 0 R >>"],
    1,
  );
  expect(Object.keys(await ask(circle))).toHaveLength(1);
  const packed = deflateSync(Buffer.alloc(120 * 2 ** 20, " "));
  const bomb = writePdf(
    [
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
      `<< /Filter /FlateDecode /Length ${packed.length} >>\nstream\n${packed.toString("latin1")}\nendstream`,
    ],
    1,
  );
  const small = new JobThread<DocumentJob, DocumentAnswer>(import.meta.dirname, "document-worker", {
    ...limits,
    memoryMiB: 96,
  });
  expect(await ask(bomb, small)).toEqual({ failure: "memory" });
  expect(small.isRunning).toBe(false);
  expect(await ask(circle, small)).not.toHaveProperty("failure");
  await small.close();
});

test("documents with bytes changed at random get an answer each, and nothing of them stays", async () => {
  const samples = [
    sound,
    makeWorkbook({ 账: [["日期", 1]] }),
    makeWorkbook({ 账: [["日期", 1]] }, "biff8"),
    makePptx([{ shapes: slideShape("body", ["字"]) }]),
    makePdf([["第一页"], ["第二页"]]),
  ];
  let seed = 20_261_127;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  for (let round = 0; round < 40; round++) {
    const file = Buffer.from(samples[round % samples.length] ?? sound);
    for (let change = 0; change < 8; change++) file[random(file.length)] = random(256);
    const cut = round % 4 === 0 ? file.subarray(0, random(file.length)) : file;
    const answer = await ask(cut);
    expect(Object.keys(answer)).toHaveLength(1);
    expect(answer).not.toHaveProperty("failure");
  }
  await expectSound();
});
