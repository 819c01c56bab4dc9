// Lists and fills the fields of a .docx form. Needs Node 18 or newer and nothing else.
//   node fill-docx.mjs fields form.docx
//   node fill-docx.mjs fill form.docx values.json filled.docx
// values.json: {"cells": {"1.2.3": "text"}, "replace": {"{{name}}": "text"}}; 1.2.3 is table 1, row 2, column 3.
import { readFileSync, writeFileSync } from "node:fs";
import { deflateRawSync, inflateRawSync } from "node:zlib";

const part = "word/document.xml";

/** The entries of a zip archive, still packed. */
function readArchive(bytes) {
  const end = bytes.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0) throw new Error("This is no .docx file.");
  const entries = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let count = bytes.readUInt16LE(end + 10); count > 0; count--) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const packed = bytes.readUInt32LE(at + 20);
    entries.push({
      name: bytes.toString("utf8", at + 46, at + 46 + nameLength),
      method: bytes.readUInt16LE(at + 10),
      crc: bytes.readUInt32LE(at + 16),
      size: bytes.readUInt32LE(at + 24),
      data: bytes.subarray(start, start + packed),
    });
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

function writeArchive(entries) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, method, crc, size, data } of entries) {
    const fileName = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(0x00210000, 6);
    common.writeUInt32LE(crc, 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(fileName.length, 22);
    const central = Buffer.alloc(46);
    central.write("PK\x01\x02", 0, "latin1");
    central.writeUInt16LE(20, 4);
    common.copy(central, 6);
    central.writeUInt32LE(offset, 42);
    directory.push(central, fileName);
    parts.push(Buffer.from("PK\x03\x04", "latin1"), common, fileName, data);
    offset += 30 + fileName.length + data.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A tree of {tag, name, children} and texts; what it is made of is kept word for word. */
function parseXml(text) {
  const root = { tag: "", name: "", children: [] };
  const open = [root];
  for (const [token] of text.matchAll(/<!--[\s\S]*?-->|<[^>]*>|[^<]+/g)) {
    const parent = open.at(-1);
    if (/^<\/[^>]/.test(token)) open.pop();
    else if (/^<[^?!]/.test(token)) {
      const element = { tag: token, name: /^<([^\s/>]+)/.exec(token)[1], children: [] };
      parent.children.push(element);
      if (!token.endsWith("/>")) open.push(element);
    } else parent.children.push(token);
  }
  return root;
}

function printXml(node) {
  if (typeof node === "string") return node;
  const inner = node.children.map(printXml).join("");
  if (node.name === "" || node.tag.endsWith("/>")) return node.tag + inner;
  return `${node.tag}${inner}</${node.name}>`;
}

/** Elements of that name; what lies within one that is found, or within `not`, is not looked at. */
function find(node, name, not = "") {
  return node.children.flatMap((child) => {
    if (typeof child === "string" || child.name === not) return [];
    return child.name === name ? [child] : find(child, name, not);
  });
}

const names = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const decode = (text) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) =>
    name ? (names[name] ?? all) : String.fromCodePoint(Number.parseInt(hex ?? decimal, hex ? 16 : 10)),
  );
const encode = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

const textOf = (paragraph) =>
  find(paragraph, "w:t")
    .map((each) => decode(each.children.join("")))
    .join("");
const textOfCell = (cell) => find(cell, "w:p", "w:tbl").map(textOf).join("\n").trim();

/** The cells of all tables, also of those within others, by table, row and column. */
function listCells(document) {
  const cells = new Map();
  let count = 0;
  const enter = (node) => {
    for (const table of find(node, "w:tbl")) {
      const number = ++count;
      for (const [row, line] of find(table, "w:tr").entries())
        for (const [column, cell] of find(line, "w:tc").entries()) {
          cells.set(`${number}.${row + 1}.${column + 1}`, cell);
          enter(cell);
        }
    }
  };
  enter(document);
  return cells;
}

function makeRun(properties, text) {
  const t = { tag: '<w:t xml:space="preserve">', name: "w:t", children: [encode(text)] };
  return { tag: "<w:r>", name: "w:r", children: [...(properties ? [properties] : []), t] };
}

/** One paragraph for each line, in the look of the cell's first. */
function fillCell(cell, text) {
  const [first] = find(cell, "w:p", "w:tbl");
  const look = first && find(first, "w:pPr")[0];
  const runLook =
    (first && find(first, "w:r").flatMap((run) => find(run, "w:rPr"))[0]) ?? (look && find(look, "w:rPr")[0]);
  const paragraphs = text.split("\n").map((line) => ({
    tag: "<w:p>",
    name: "w:p",
    children: [...(look ? [look] : []), makeRun(runLook, line)],
  }));
  const kept = cell.children.filter((child) => typeof child === "string" || child.name === "w:tcPr");
  cell.children = [...kept, ...paragraphs];
}

/** Replaces within a paragraph, also where the words are parted among runs: those then have the look of the first. */
function replaceIn(paragraph, values, found) {
  const texts = find(paragraph, "w:t");
  const before = texts.map((each) => decode(each.children.join(""))).join("");
  let after = before;
  for (const [key, value] of Object.entries(values)) {
    if (key === "" || !after.includes(key)) continue;
    found.add(key);
    after = after.split(key).join(value);
  }
  if (after === before) return;
  for (const [index, each] of texts.entries()) {
    each.tag = '<w:t xml:space="preserve">';
    each.children = index === 0 ? [encode(after)] : [];
  }
}

const [action, source, valuesFile, target] = process.argv.slice(2);
if (!source || (action === "fill" && !target) || !["fields", "fill"].includes(action)) {
  console.error("node fill-docx.mjs fields form.docx | fill form.docx values.json filled.docx");
  process.exit(2);
}
const entries = readArchive(readFileSync(source));
const entry = entries.find(({ name }) => name === part);
if (!entry) throw new Error("This is no .docx file: it holds no document.");
const document = parseXml((entry.method === 8 ? inflateRawSync(entry.data) : entry.data).toString("utf8"));
const cells = listCells(document);

if (action === "fields") {
  for (const [place, cell] of cells) console.log(`${place}\t${textOfCell(cell).replaceAll("\n", " / ")}`);
  for (const paragraph of find(document, "w:p", "w:tbl")) {
    const text = textOf(paragraph);
    if (/\{\{|_{3,}|×{2,}|【.*】|[:：]\s*$/.test(text)) console.log(`paragraph\t${text}`);
  }
} else {
  const values = JSON.parse(readFileSync(valuesFile, "utf8"));
  const missing = [];
  for (const [place, text] of Object.entries(values.cells ?? {})) {
    const cell = cells.get(place);
    if (cell) fillCell(cell, String(text));
    else missing.push(`cell ${place}`);
  }
  const found = new Set();
  const enter = (node) => {
    for (const child of node.children) {
      if (typeof child === "string") continue;
      if (child.name === "w:p") replaceIn(child, values.replace ?? {}, found);
      else enter(child);
    }
  };
  enter(document);
  missing.push(...Object.keys(values.replace ?? {}).filter((key) => !found.has(key)));
  const xml = Buffer.from(printXml(document));
  Object.assign(entry, { method: 8, crc: crc32(xml), size: xml.length, data: deflateRawSync(xml) });
  writeFileSync(target, writeArchive(entries));
  console.log(`Wrote ${target}.`);
  if (missing.length > 0) {
    console.log(`Found no place for: ${missing.join(", ")}`);
    process.exitCode = 1;
  }
}
