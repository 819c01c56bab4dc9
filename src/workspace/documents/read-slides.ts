import { posix } from "node:path";
import { DOMParser, type Element, onErrorStopParsing } from "@xmldom/xmldom";
import { type DocumentJob, DocumentRefusal, type DocumentText } from "./document-job.ts";
import { describePages, Excerpt } from "./excerpt.ts";
import { readParts } from "./zip-parts.ts";

/** How deep groups of shapes may nest. */
const maxDepth = 50;

/** Slides in their order: title, text, tables, what pictures are called, and the notes. */
export async function readSlides(job: DocumentJob, archive: Buffer): Promise<DocumentText> {
  const parts = await readParts(archive, (name) =>
    /^ppt\/(_rels\/|presentation\.xml$|slides\/|notesSlides\/)/.test(name),
  );
  const slides = listSlides(parts);
  const first = job.pages?.first ?? 1;
  const last = Math.min(job.pages?.last ?? slides.length, slides.length);
  if (first > slides.length) throw new DocumentRefusal(`The presentation has only ${slides.length} slides.`);
  const excerpt = new Excerpt(job);
  for (let number = first; number <= last; number++) {
    const name = slides[number - 1];
    if (name === undefined || !excerpt.add(number, readSlide(parts, name, number))) break;
  }
  const isWhole = first === 1 && last === slides.length && !excerpt.next;
  const notes = isWhole ? [] : [describePages(excerpt, "slide", slides.length, last)];
  return { title: `Presentation, ${slides.length} slides`, lines: excerpt.lines, notes };
}

function listSlides(parts: ReadonlyMap<string, Buffer>): string[] {
  const root = parse(parts, "ppt/presentation.xml");
  const targets = relations(parts, "ppt/presentation.xml");
  const order = root ? descendants(root, "sldId") : [];
  return order.flatMap((each) => {
    const target = targets.get(attribute(each, "r:id"))?.target;
    return target !== undefined && parts.has(target) ? [target] : [];
  });
}

function readSlide(parts: ReadonlyMap<string, Buffer>, name: string, number: number): string[] {
  const slide = parse(parts, name);
  const tree = slide && descendants(slide, "spTree")[0];
  const shown: Shape[] = [];
  if (tree) collectShapes(tree, shown, 0);
  const title = shown.find((shape) => shape.isTitle)?.lines.join(" ");
  const hidden = slide && attribute(slide, "show") === "0" ? " (hidden)" : "";
  const lines = [`## Slide ${number}${hidden}${title ? `: ${title}` : ""}`];
  for (const shape of shown) if (!shape.isTitle) lines.push(...shape.lines);
  const notes = [...relations(parts, name).values()].find(({ type }) => type.endsWith("/notesSlide"));
  const written = notes ? readNotes(parts, notes.target) : [];
  if (written.length > 0) lines.push("Notes:", ...written);
  return [...lines, ""];
}

interface Shape {
  isTitle: boolean;
  lines: string[];
}

function collectShapes(parent: Element, shapes: Shape[], depth: number): void {
  if (depth > maxDepth) return;
  for (const child of children(parent)) {
    const kind = child.localName;
    if (kind === "grpSp") collectShapes(child, shapes, depth + 1);
    // What newer programs draw, with a picture for older ones beside it.
    else if (kind === "AlternateContent") {
      const choice = children(child).find((each) => each.localName === "Choice");
      if (choice) collectShapes(choice, shapes, depth + 1);
    } else if (kind === "sp")
      shapes.push({ isTitle: /title/i.test(placeholder(child)), lines: paragraphs(child) });
    else if (kind === "graphicFrame") shapes.push({ isTitle: false, lines: frame(child) });
    else if (kind === "pic") {
      const named = descendants(child, "cNvPr")[0];
      const description = named ? attribute(named, "descr") || attribute(named, "name") : "";
      shapes.push({ isTitle: false, lines: [`[picture${description ? `: ${description}` : ""}]`] });
    }
  }
}

function placeholder(shape: Element): string {
  const found = descendants(shape, "ph")[0];
  return found ? attribute(found, "type") || "body" : "";
}

function paragraphs(within: Element): string[] {
  return descendants(within, "p").flatMap((paragraph) => {
    const text = textOf(paragraph);
    if (text.trim() === "") return [];
    const properties = children(paragraph).find((each) => each.localName === "pPr");
    const level = Number((properties && attribute(properties, "lvl")) || 0);
    return text.split("\n").map((line) => `${"  ".repeat(Math.min(level, 9))}${line}`);
  });
}

function textOf(paragraph: Element): string {
  let text = "";
  for (const child of children(paragraph)) {
    if (child.localName === "br") text += "\n";
    else if (child.localName === "r" || child.localName === "fld") {
      for (const run of descendants(child, "t")) text += run.textContent ?? "";
    }
  }
  return text;
}

function frame(shape: Element): string[] {
  const table = descendants(shape, "tbl")[0];
  if (!table) {
    const kind = descendants(shape, "chart").length > 0 ? "chart" : "diagram";
    return [`[${kind}]`];
  }
  return descendants(table, "tr").map((row) => {
    const cells = descendants(row, "tc").map((cell) =>
      paragraphs(cell).join(" ").replaceAll("|", "\\|").trim(),
    );
    return `| ${cells.join(" | ")} |`;
  });
}

function readNotes(parts: ReadonlyMap<string, Buffer>, name: string): string[] {
  const root = parse(parts, name);
  if (!root) return [];
  return descendants(root, "sp").flatMap((shape) => (placeholder(shape) === "body" ? paragraphs(shape) : []));
}

/** What a part refers to, by id. */
function relations(
  parts: ReadonlyMap<string, Buffer>,
  name: string,
): Map<string, { type: string; target: string }> {
  const folder = posix.dirname(name);
  const root = parse(parts, `${folder}/_rels/${posix.basename(name)}.rels`);
  const found = root ? descendants(root, "Relationship") : [];
  return new Map(
    found.map((each) => {
      const target = attribute(each, "Target");
      const path = target.startsWith("/") ? target.slice(1) : posix.join(folder, target);
      return [attribute(each, "Id"), { type: attribute(each, "Type"), target: path }];
    }),
  );
}

function parse(parts: ReadonlyMap<string, Buffer>, name: string): Element | null {
  const part = parts.get(name);
  if (!part) return null;
  const parser = new DOMParser({ onError: onErrorStopParsing });
  return parser.parseFromString(part.toString("utf8"), "text/xml").documentElement;
}

function children(parent: Element): Element[] {
  return [...parent.childNodes].filter((node) => node.nodeType === 1) as Element[];
}

/** Prefixes differ from program to program. */
function descendants(parent: Element, localName: string): Element[] {
  return [...parent.getElementsByTagNameNS("*", localName)];
}

function attribute(element: Element, name: string): string {
  return element.getAttribute(name) ?? "";
}
