import { type MessagePort, parentPort } from "node:worker_threads";
import type { FromJobThread } from "../threads/job-thread.ts";
import { type DocumentAnswer, type DocumentJob, DocumentRefusal, type DocumentText } from "./document-job.ts";
import { Excerpt } from "./excerpt.ts";
import { listZip, readParts } from "./zip-parts.ts";

// The thread that reads documents: one job at a time, ended by JobThread. Libraries are loaded when first needed.

if (parentPort) serve(parentPort);

function serve(port: MessagePort): void {
  const send = (result: DocumentAnswer) =>
    port.postMessage({ result } satisfies FromJobThread<DocumentAnswer>);
  port.on("message", async (job: DocumentJob) => {
    try {
      send({ text: await readAny(job) });
    } catch (error) {
      const { message } = error instanceof Error ? error : new Error(String(error));
      send(error instanceof DocumentRefusal ? { refusal: message } : { fault: message });
    }
  });
}

/** By what the bytes say, whatever the file is called. */
async function readAny(job: DocumentJob): Promise<DocumentText> {
  const { buffer, byteOffset, byteLength } = job.bytes;
  const file = Buffer.from(buffer, byteOffset, byteLength);
  const start = file.subarray(0, 1024).toString("latin1");
  if (start.startsWith("PK")) return readArchive(job, file);
  if (start.startsWith("\xd0\xcf\x11\xe0")) return readOldOffice(job, file);
  const { readPdf } = await import("./read-pdf.ts");
  return readPdf(job, job.bytes);
}

async function readArchive(job: DocumentJob, file: Buffer): Promise<DocumentText> {
  const entries = await listZip(file);
  const names = new Set(entries.map(({ name }) => name));
  if (names.has("word/document.xml")) return (await import("./read-docx.ts")).readDocx(job, file);
  if (names.has("ppt/presentation.xml")) return (await import("./read-slides.ts")).readSlides(job, file);
  const isWorkbook = names.has("xl/workbook.xml") || names.has("xl/workbook.bin");
  const openDocument = names.has("content.xml") ? await readType(file) : "";
  if (isWorkbook || openDocument.endsWith("spreadsheet")) {
    return (await import("./read-workbook.ts")).readWorkbook(job, file, true);
  }
  if (openDocument.includes("opendocument")) {
    throw new DocumentRefusal(`This is an OpenDocument text or presentation. ${convert("docx")}`);
  }
  const excerpt = new Excerpt(job);
  const lines = entries.map(({ name, size }) => `${JSON.stringify(name).slice(1, -1)} (${size} bytes)`);
  excerpt.add(1, lines);
  const notes =
    excerpt.lines.length < lines.length ? [`[${excerpt.lines.length} of ${lines.length} files shown]`] : [];
  return {
    title: `Zip archive, ${lines.length} files; unpack it with unzip in bash`,
    lines: excerpt.lines,
    notes,
  };
}

/** Of an OpenDocument file. */
async function readType(file: Buffer): Promise<string> {
  const parts = await readParts(file, (name) => name === "mimetype");
  return parts.get("mimetype")?.toString("utf8").trim() ?? "";
}

async function readOldOffice(job: DocumentJob, file: Buffer): Promise<DocumentText> {
  const holds = (name: string) => file.includes(Buffer.from(name, "utf16le"));
  if (holds("EncryptedPackage")) throw new DocumentRefusal("The document is locked with a password.");
  if (holds("WordDocument"))
    throw new DocumentRefusal(`This is an old Word document (.doc). ${convert("docx")}`);
  if (holds("PowerPoint Document")) {
    throw new DocumentRefusal(`This is an old presentation (.ppt). ${convert("pptx")}`);
  }
  return (await import("./read-workbook.ts")).readWorkbook(job, file, false);
}

function convert(format: string): string {
  return `Convert it first: "soffice --headless --convert-to ${format} FILE" in bash, where LibreOffice is installed; else ask for a newer format.`;
}
