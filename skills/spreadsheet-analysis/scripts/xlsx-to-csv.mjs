// Lists the sheets of an .xlsx file, or prints one as CSV. Needs Node 18 or newer and nothing else.
//   node xlsx-to-csv.mjs file.xlsx            the sheets: number, name, range
//   node xlsx-to-csv.mjs file.xlsx 明细 > 明细.csv     by name or number; UTF-8 with BOM
// Formulas come as their last result, dates as 2026-01-05 or 2026-01-05 13:30:00; merged cells are empty but the first.
import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";

/** The files of a zip archive, by name. */
function readArchive(bytes) {
  const end = bytes.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0) throw new Error("This is no .xlsx file; an .xls has to be saved as .xlsx or .csv first.");
  const files = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let count = bytes.readUInt16LE(end + 10); count > 0; count--) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + bytes.readUInt32LE(at + 20));
    const isPacked = bytes.readUInt16LE(at + 10) === 8;
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength).replaceAll("\\", "/");
    files.set(name, () => (isPacked ? inflateRawSync(data) : data).toString("utf8"));
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return (name) => files.get(name.replace(/^\//, ""))?.();
}

const names = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const decode = (text) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) =>
    name ? (names[name] ?? all) : String.fromCodePoint(Number.parseInt(hex ?? decimal, hex ? 16 : 10)),
  );
const attribute = (tag, name) => {
  const match = new RegExp(`\\s(?:\\w+:)?${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(tag);
  return match && decode(match[1] ?? match[2]);
};
/** Elements of that name as [start tag, what is in it]; names may have a prefix. */
const elements = (xml, name) =>
  [
    ...xml.matchAll(
      new RegExp(`(<(?:\\w+:)?${name}(?=[\\s/>])[^>]*?)(?:/>|>([\\s\\S]*?)</(?:\\w+:)?${name}>)`, "g"),
    ),
  ].map(([, tag, inner]) => [tag, inner ?? ""]);
/** The text of a shared or inline string, without the readings of its characters. */
const richText = (xml) =>
  elements(xml.replace(/<(?:\w+:)?rPh[\s>][\s\S]*?<\/(?:\w+:)?rPh>/g, ""), "t")
    .map(([, inner]) => decode(inner))
    .join("");

const builtInDates = (id) =>
  (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);

/** Whether cells of each style hold dates. */
function readDateStyles(xml = "") {
  const formats = new Map(
    elements(xml, "numFmt").map(([tag]) => [
      Number(attribute(tag, "numFmtId")),
      attribute(tag, "formatCode") ?? "",
    ]),
  );
  const [styles] = elements(xml, "cellXfs");
  return elements(styles?.[1] ?? "", "xf").map(([tag]) => {
    const id = Number(attribute(tag, "numFmtId"));
    const plain = (formats.get(id) ?? "").replace(/"[^"]*"|\\.|\[[^\]]*\]/g, "");
    return builtInDates(id) || /[ymdhs年月日]/i.test(plain.replace(/General/gi, ""));
  });
}

function showDate(serial, from1904) {
  const at = new Date(Math.round((serial + (from1904 ? 1462 : 0) - 25569) * 86_400) * 1000);
  const text = at.toISOString().slice(0, 19).replace("T", " ");
  if (serial < 1) return text.slice(11);
  return text.endsWith("00:00:00") ? text.slice(0, 10) : text;
}

const columnOf = (reference) =>
  [...reference.replace(/\d+$/, "")].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);

const [file, wanted] = process.argv.slice(2);
if (!file) {
  console.error("node xlsx-to-csv.mjs file.xlsx [sheet]");
  process.exit(2);
}
const read = readArchive(readFileSync(file));
const workbook = read("xl/workbook.xml") ?? "";
const from1904 = /date1904\s*=\s*["'](1|true)/.test(workbook);
const targets = new Map(
  elements(read("xl/_rels/workbook.xml.rels") ?? "", "Relationship").map(([tag]) => {
    const target = attribute(tag, "Target") ?? "";
    return [attribute(tag, "Id"), target.startsWith("/") ? target : `xl/${target}`];
  }),
);
const sheets = elements(workbook, "sheet").map(([tag]) => ({
  name: attribute(tag, "name") ?? "",
  path: targets.get(attribute(tag, "id")) ?? "",
}));
const chosen = sheets.find(({ name }) => name === wanted) ?? sheets[Number(wanted) - 1];

if (wanted === undefined) {
  for (const [index, { name, path }] of sheets.entries()) {
    const [dimension] = elements((read(path) ?? "").slice(0, 5_000), "dimension");
    console.log(`${index + 1}\t${name}\t${dimension ? attribute(dimension[0], "ref") : ""}`);
  }
} else if (!chosen) {
  console.error(`There is no sheet "${wanted}". The sheets: ${sheets.map(({ name }) => name).join(", ")}`);
  process.exit(1);
} else {
  const strings = elements(read("xl/sharedStrings.xml") ?? "", "si").map(([, inner]) => richText(inner));
  const isDate = readDateStyles(read("xl/styles.xml"));
  const readCell = (tag, inner) => {
    const type = attribute(tag, "t");
    if (type === "inlineStr") return richText(inner);
    const [value] = elements(inner, "v");
    if (!value) return "";
    const text = decode(value[1]);
    if (type === "s") return strings[Number(text)] ?? "";
    if (type === "b") return text === "1" ? "TRUE" : "FALSE";
    if (type === undefined || type === null || type === "n")
      return isDate[Number(attribute(tag, "s") ?? 0)] && text !== ""
        ? showDate(Number(text), from1904)
        : text;
    return text;
  };
  const quote = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [];
  for (const [rowTag, row] of elements(read(chosen.path) ?? "", "row")) {
    const cells = [];
    for (const [tag, inner] of elements(row, "c")) {
      const reference = attribute(tag, "r");
      cells[(reference ? columnOf(reference) : cells.length + 1) - 1] = readCell(tag, inner);
    }
    const number = Number(attribute(rowTag, "r") ?? lines.length + 1);
    while (lines.length < number - 1) lines.push("");
    lines.push(Array.from(cells, (text) => quote(text ?? "")).join(","));
  }
  process.stdout.write(`\uFEFF${lines.join("\n")}\n`);
}
