import { type CellObject, read, utils, type WorkBook } from "@e965/xlsx";
import { type DocumentJob, DocumentRefusal, type DocumentText } from "./document-job.ts";
import { cutLine } from "./excerpt.ts";
import { readParts, storeZip } from "./zip-parts.ts";

const maxMergesShown = 20;
const maxColumns = 256;
/** Of an old workbook (.xls), bytes. */
const maxOldBytes = 32 * 2 ** 20;

/** Rows of one sheet of a workbook, numbered as in the sheet: values as they are, formulas beside them, dates as ISO 8601. */
export async function readWorkbook(job: DocumentJob, file: Buffer, isZip: boolean): Promise<DocumentText> {
  if (!isZip && file.length > maxOldBytes) {
    throw new DocumentRefusal(
      "The workbook is too large for its old format (.xls). Convert it to .xlsx or .csv first.",
    );
  }
  const bytes = isZip ? storeZip(await readParts(file, isPart)) : file;
  const names = read(bytes, { bookSheets: true }).SheetNames;
  const name = chooseSheet(names, job.sheet);
  const book = read(bytes, {
    dense: true,
    sheets: name,
    // One row more, to see whether there are more.
    sheetRows: job.offset + job.limit,
    cellHTML: false,
    cellText: false,
    cellDates: true,
    UTC: true,
  });
  return render(job, book, names, name);
}

/** Not pictures, and not what only draws. */
function isPart(name: string): boolean {
  return (
    /\.(xml|rels|bin)$|^mimetype$/i.test(name) &&
    !/(^|\/)(media|drawings|printerSettings|embeddings)\//.test(name)
  );
}

function chooseSheet(names: string[], wanted: string | undefined): string {
  const [first] = names;
  if (first === undefined) throw new DocumentRefusal("The workbook has no sheets.");
  if (wanted === undefined) return first;
  const found =
    names.find((name) => name === wanted) ??
    names.find((name) => name.trim().toLowerCase() === wanted.trim().toLowerCase()) ??
    (/^\d+$/.test(wanted) ? names[Number(wanted) - 1] : undefined);
  if (found !== undefined) return found;
  throw new DocumentRefusal(`There is no sheet "${wanted}". The sheets are: ${names.join(", ")}.`);
}

function render(job: DocumentJob, book: WorkBook, names: string[], name: string): DocumentText {
  const sheet = book.Sheets[name];
  const rows: unknown = sheet?.["!data"];
  const filled = sheet && Array.isArray(rows) ? (rows as (CellObject | undefined)[][]) : [];
  const range: string | undefined = sheet?.["!fullref"] ?? sheet?.["!ref"];
  const lines: string[] = [];
  let bytes = 0;
  let next: number | undefined;
  let width = 0;
  // Rows are a list with holes: what nobody filled costs nothing.
  for (const key in filled) {
    const index = Number(key);
    if (index + 1 < job.offset) continue;
    const cells = filled[index]?.slice(0, maxColumns).map(showCell) ?? [];
    while (cells.length > 0 && (cells.at(-1) ?? "") === "") cells.pop();
    if (cells.length === 0) continue;
    const line = cutLine(`${index + 1}\t${Array.from(cells, (cell) => cell ?? "").join("\t")}`);
    bytes += Buffer.byteLength(line) + 1;
    if (
      lines.length === job.limit ||
      index + 1 >= job.offset + job.limit ||
      (bytes > job.maxBytes && lines.length > 0)
    ) {
      next = index + 1;
      break;
    }
    width = Math.max(width, cells.length);
    lines.push(line);
  }
  if (lines.length > 0) {
    lines.unshift(`\t${Array.from({ length: width }, (_, column) => utils.encode_col(column)).join("\t")}`);
  }
  const notes = describeMerges(sheet?.["!merges"] ?? []);
  if (next !== undefined) notes.push(`[continue with sheet "${name}" and offset ${next}]`);
  const hidden = (book.Workbook?.Sheets ?? []).flatMap((each, index) => (each.Hidden ? [names[index]] : []));
  if (hidden.length > 0) notes.push(`[hidden sheets: ${hidden.join(", ")}]`);
  const list = names.length > 1 ? `; sheets: ${names.join(", ")}` : "";
  return { title: `Workbook, sheet "${name}"${range ? `, cells ${range}` : ", empty"}${list}`, lines, notes };
}

function describeMerges(merges: Parameters<typeof utils.encode_range>[0][]): string[] {
  if (merges.length === 0) return [];
  const shown = merges.slice(0, maxMergesShown).map((merge) => utils.encode_range(merge));
  const more = merges.length > shown.length ? ` and ${merges.length - shown.length} more` : "";
  return [`[merged cells: ${shown.join(", ")}${more}]`];
}

function showCell(cell: CellObject | undefined): string {
  if (!cell) return "";
  const value = showValue(cell);
  if (cell.f === undefined) return value;
  return value === "" ? `[=${cell.f}]` : `${value} [=${cell.f}]`;
}

function showValue({ t, v, w }: CellObject): string {
  if (v === undefined || v === null || t === "z") return "";
  if (v instanceof Date) return showDate(v);
  // The code of an error is no text; "w" is.
  if (t === "e") return w ?? "#ERROR";
  if (typeof v === "number") return String(Number(v.toPrecision(15)));
  if (typeof v === "boolean") return v ? "TRUE" : "FALSE";
  return v.replace(/\r?\n/g, "\\n").replaceAll("\t", " ");
}

function showDate(date: Date): string {
  if (Number.isNaN(date.getTime())) return "";
  const [day = "", time = ""] = date
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .split("T");
  if (time === "00:00:00") return day;
  // A time without a day is stored as the first day that there is.
  return /^1(899|900)-/.test(day) ? time : `${day} ${time}`;
}
