import { deflateSync } from "node:zlib";
import { type CellObject, utils, type WorkSheet, write } from "@e965/xlsx";
import {
  Document,
  FootnoteReferenceRun,
  HeadingLevel,
  Packer,
  Paragraph,
  Table,
  TableCell,
  TableRow,
  TextRun,
} from "docx";
import { storeZip } from "../../src/workspace/documents/zip-parts.ts";

/** An archive of these files. */
export function makeZip(files: Record<string, string | Buffer>): Buffer {
  return storeZip(new Map(Object.entries(files).map(([name, data]) => [name, Buffer.from(data)])));
}

/** A Word document with headings, a list, a table and a footnote. */
export async function makeDocx(): Promise<Buffer> {
  const cell = (text: string) => new TableCell({ children: [new Paragraph(text)] });
  const row = (...texts: string[]) => new TableRow({ children: texts.map(cell) });
  const document = new Document({
    footnotes: { 1: { children: [new Paragraph("脚注的内容")] } },
    sections: [
      {
        children: [
          new Paragraph({ text: "年度报告", heading: HeadingLevel.HEADING_1 }),
          new Paragraph({
            children: [
              new TextRun("收入"),
              new TextRun({ text: "增长", bold: true }),
              new FootnoteReferenceRun(1),
            ],
          }),
          new Paragraph({ text: "第一项", bullet: { level: 0 } }),
          new Paragraph({ text: "细项", bullet: { level: 1 } }),
          new Table({ rows: [row("名称", "数量"), row("水泥", "12")] }),
        ],
      },
    ],
  });
  return Packer.toBuffer(document);
}

/** A workbook of these sheets, in any format that the library writes. */
export function makeWorkbook(
  sheets: Record<string, (string | number | boolean | Date | Partial<CellObject>)[][]>,
  format: "xlsx" | "biff8" | "ods" | "xlsb" = "xlsx",
): Buffer {
  const book = utils.book_new();
  for (const [name, rows] of Object.entries(sheets)) {
    const sheet: WorkSheet = utils.aoa_to_sheet(rows, { cellDates: true, UTC: true });
    utils.book_append_sheet(book, sheet, name);
  }
  return write(book, { type: "buffer", bookType: format, cellDates: true });
}

const namespaces =
  'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"';
const relationsStart = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">';
const relationType = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/** A shape's text, as it stands in a slide. */
export function slideShape(placeholder: string, paragraphs: string[]): string {
  const lines = paragraphs.map((text) => `<a:p><a:r><a:t>${text}</a:t></a:r></a:p>`).join("");
  return `<p:sp><p:nvSpPr><p:cNvPr id="2" name="x"/><p:nvPr><p:ph type="${placeholder}"/></p:nvPr></p:nvSpPr><p:txBody>${lines}</p:txBody></p:sp>`;
}

/** A presentation whose slides hold these shapes and notes; the files are not in the order of the slides. */
export function makePptx(slides: { shapes: string; notes?: string }[]): Buffer {
  const files: Record<string, string> = {};
  const file = (index: number) => slides.length - index;
  files["ppt/presentation.xml"] =
    `<p:presentation ${namespaces}><p:sldIdLst>${slides.map((_, index) => `<p:sldId id="${256 + index}" r:id="rId${index}"/>`).join("")}</p:sldIdLst></p:presentation>`;
  files["ppt/_rels/presentation.xml.rels"] =
    `${relationsStart}${slides.map((_, index) => `<Relationship Id="rId${index}" Type="${relationType}/slide" Target="slides/slide${file(index)}.xml"/>`).join("")}</Relationships>`;
  for (const [index, { shapes, notes }] of slides.entries()) {
    const name = `slide${file(index)}.xml`;
    files[`ppt/slides/${name}`] =
      `<p:sld ${namespaces}><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></p:sld>`;
    if (notes === undefined) continue;
    files[`ppt/slides/_rels/${name}.rels`] =
      `${relationsStart}<Relationship Id="rId1" Type="${relationType}/notesSlide" Target="../notesSlides/notes${index}.xml"/></Relationships>`;
    files[`ppt/notesSlides/notes${index}.xml`] =
      `<p:notes ${namespaces}><p:cSld><p:spTree>${slideShape("body", [notes])}</p:spTree></p:cSld></p:notes>`;
  }
  return makeZip(files);
}

/** A PDF with a page for each list of lines; Chinese goes through a font that says which character each code is. */
export function makePdf(pages: string[][]): Buffer {
  const objects: string[] = [];
  const add = (body: string): number => objects.push(body);
  const stream = (text: string, packed = false): string => {
    const data = packed ? deflateSync(Buffer.from(text)) : Buffer.from(text);
    const filter = packed ? "/Filter /FlateDecode " : "";
    return `<< ${filter}/Length ${data.length} >>\nstream\n${data.toString("latin1")}\nendstream`;
  };
  const identity =
    "/CIDInit /ProcSet findresource begin begincmap /CMapName /U def /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap end";
  const map = add(stream(identity));
  const descendant = add(
    "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /F /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 1000 /FontDescriptor << /Type /FontDescriptor /FontName /F /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >> >>",
  );
  const font = add(
    `<< /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H /DescendantFonts [${descendant} 0 R] /ToUnicode ${map} 0 R >>`,
  );
  const tree = objects.length + pages.length * 2 + 1;
  const kids = pages.map((lines) => {
    const shown = lines.map((line) => `<${Buffer.from(line, "utf16le").swap16().toString("hex")}> Tj T*`);
    const text = lines.length > 0 ? `BT /F1 12 Tf 50 800 Td 14 TL ${shown.join(" ")} ET` : "0 0 10 10 re f";
    const content = add(stream(text, true));
    return add(
      `<< /Type /Page /Parent ${tree} 0 R /MediaBox [0 0 595 842] /Contents ${content} 0 R /Resources << /Font << /F1 ${font} 0 R >> >> >>`,
    );
  });
  add(`<< /Type /Pages /Kids [${kids.map((kid) => `${kid} 0 R`).join(" ")}] /Count ${pages.length} >>`);
  const root = add(`<< /Type /Catalog /Pages ${tree} 0 R >>`);
  return writePdf(objects, root);
}

/** A PDF file of these objects, numbered from 1. */
export function writePdf(objects: string[], root: number): Buffer {
  let text = "%PDF-1.7\n";
  const places = objects.map((body, index) => {
    const place = text.length;
    text += `${index + 1} 0 obj\n${body}\nendobj\n`;
    return place;
  });
  const start = text.length;
  const table = places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("");
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root ${root} 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, "latin1");
}
