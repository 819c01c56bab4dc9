import { getDocumentProxy } from "unpdf";
import { ChineseCmaps } from "./chinese-cmaps.ts";
import { type DocumentJob, DocumentRefusal, type DocumentText } from "./document-job.ts";
import { describePages, Excerpt } from "./excerpt.ts";

/** Pages of a PDF as text, in the order in which their lines stand in the file; what stands apart in a line is apart by a tab. */
export async function readPdf(job: DocumentJob, bytes: Uint8Array): Promise<DocumentText> {
  const pdf = await open(bytes);
  const total = pdf.numPages;
  const first = job.pages?.first ?? 1;
  const last = Math.min(job.pages?.last ?? total, total);
  if (first > total) throw new DocumentRefusal(`The PDF has only ${total} pages.`);
  const excerpt = new Excerpt(job);
  let hasText = false;
  for (let number = first; number <= last; number++) {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    const lines = layLines(items.flatMap((item) => ("str" in item ? [item] : [])));
    page.cleanup();
    if (lines.length > 0) hasText = true;
    const label = `## Page ${number}${lines.length === 0 ? " (no text; perhaps a scan)" : ""}`;
    if (!excerpt.add(number, [label, ...lines, ""])) break;
  }
  const notes: string[] = [];
  if (first > 1 || last < total || excerpt.next) notes.push(describePages(excerpt, "page", total, last));
  if (!hasText) {
    notes.push(
      "[these pages hold no text: they are probably scans. In bash, pdftoppm makes pictures of them that read can show, tesseract or ocrmypdf text, where they are installed]",
    );
  }
  return { title: `PDF, ${total} pages`, lines: excerpt.lines, notes };
}

async function open(data: Uint8Array): ReturnType<typeof getDocumentProxy> {
  try {
    return await getDocumentProxy(data, {
      useSystemFonts: false,
      disableFontFace: true,
      enableXfa: false,
      verbosity: 0,
      useWorkerFetch: false,
      cMapUrl: "built-in/",
      cMapPacked: false,
      BinaryDataFactory: ChineseCmaps,
    });
  } catch (error) {
    const isLocked = error instanceof Error && error.name === "PasswordException";
    if (isLocked) throw new DocumentRefusal("The PDF is locked with a password.");
    throw error;
  }
}

interface TextItem {
  str: string;
  hasEOL: boolean;
  width: number;
  /** [.., .., .., height of the font, x, y] */
  transform: number[];
}

function layLines(items: TextItem[]): string[] {
  const lines: string[] = [];
  let line = "";
  let end: { x: number; y: number } | undefined;
  const endLine = (): void => {
    if (line.trim() !== "") lines.push(line.trimEnd());
    line = "";
    end = undefined;
  };
  for (const { str: shown, hasEOL, width, transform } of items) {
    // What nobody knows the character of.
    const str = shown.replaceAll("\uFFFD", "");
    const [, , , height = 0, x = 0, y = 0] = transform;
    if (str.trim() !== "") {
      const size = Math.abs(height) || 10;
      if (end && Math.abs(y - end.y) < size / 2 && x - end.x > size * 1.5) line = `${line.trimEnd()}\t`;
      line += str;
      end = { x: x + width, y };
    } else line += str === "" || line === "" ? "" : " ";
    if (hasEOL) endLine();
  }
  endLine();
  return lines;
}
