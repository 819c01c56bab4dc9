import {
  ExternalHyperlink,
  FootnoteReferenceRun,
  ImageRun,
  Paragraph,
  type ParagraphChild,
  TextRun,
} from "docx";
import type { FootnoteDefinition, Nodes, PhrasingContent } from "mdast";
import { safeLink, shownAddress } from "./link.ts";
import { type Mapping, plainText } from "./mapping.ts";
import { fitPicture, workspacePath } from "./picture.ts";
import { isEastAsian, type TextFormat, textRun, xmlText } from "./text-run.ts";

/** Where inline content stands. */
export interface InlinePlace extends TextFormat {
  /** What pictures have to fit in, twips. */
  width: number;
  inFootnote?: boolean;
}

/** Runs, links and pictures of a paragraph's content. */
export function mapInline(
  nodes: readonly PhrasingContent[],
  mapping: Mapping,
  place: InlinePlace,
): ParagraphChild[] {
  return nodes.flatMap((node) => mapNode(node, mapping, place));
}

function mapNode(node: PhrasingContent, mapping: Mapping, place: InlinePlace): ParagraphChild[] {
  switch (node.type) {
    case "text":
      return mapText(node.value, mapping, place);
    case "strong":
      return mapInline(node.children, mapping, { ...place, bold: true });
    case "emphasis":
      return mapInline(node.children, mapping, { ...place, italics: true });
    case "delete":
      return mapInline(node.children, mapping, { ...place, strike: true });
    case "inlineCode":
      return [textRun(node.value, { ...place, code: true })];
    case "break":
      return [lineBreak()];
    case "html":
      return /^<br\s*\/?>$/i.test(node.value) ? [lineBreak()] : mapText(node.value, mapping, place);
    case "link":
      return mapLink(node.url, node.children, mapping, place);
    case "linkReference": {
      const url = mapping.definitions.get(node.identifier)?.url ?? "";
      return mapLink(url, node.children, mapping, place);
    }
    case "image":
      return mapImage(node.url, node.alt ?? "", mapping, place);
    case "imageReference": {
      const url = mapping.definitions.get(node.identifier)?.url ?? "";
      return mapImage(url, node.alt ?? "", mapping, place);
    }
    case "footnoteReference":
      return mapFootnote(mapping.footnotes.get(node.identifier), node.label ?? "", mapping, place);
  }
}

export function lineBreak(): TextRun {
  return new TextRun({ break: 1 });
}

function mapText(text: string, mapping: Mapping, place: InlinePlace): ParagraphChild[] {
  const lines = text.split("\n");
  if (mapping.keepLineEnds) {
    return lines.flatMap((line, index) => [...(index > 0 ? [lineBreak()] : []), textRun(line, place)]);
  }
  return [textRun(lines.reduce(joinLines), place)];
}

/** A line end stands for a space, but not between two Chinese characters. */
function joinLines(before: string, after: string): string {
  const glued = isEastAsian(before.slice(-1)) && isEastAsian(after.slice(0, 1));
  return glued ? before + after : `${before} ${after}`;
}

function mapLink(
  address: string,
  children: readonly PhrasingContent[],
  mapping: Mapping,
  place: InlinePlace,
): ParagraphChild[] {
  const link = safeLink(address);
  if (link && !place.link) {
    return [
      new ExternalHyperlink({ link, children: mapInline(children, mapping, { ...place, link: true }) }),
    ];
  }
  const inside = mapInline(children, mapping, place);
  const isSaid = address === "" || children.map(plainText).join("") === address;
  return isSaid ? inside : [...inside, textRun(` (${shownAddress(address)})`, place)];
}

function mapImage(address: string, alt: string, mapping: Mapping, place: InlinePlace): ParagraphChild[] {
  const path = workspacePath(address);
  const picture = path === undefined ? undefined : mapping.pictures.get(path);
  if (picture) {
    const { type, data } = picture;
    const name = xmlText(alt || shownAddress(address));
    const transformation = fitPicture(picture, place.width);
    return [new ImageRun({ type, data, transformation, altText: { name, title: name, description: name } })];
  }
  const { image, imageMissing } = mapping.words;
  const link = safeLink(address);
  const where = [shownAddress(address), ...(path === undefined ? [] : [imageMissing])].join(", ");
  const text = textRun(`[${image}: ${alt ? `${alt} (${where})` : where}]`, {
    ...place,
    link: link !== undefined,
  });
  return link && !place.link ? [new ExternalHyperlink({ link, children: [text] })] : [text];
}

function mapFootnote(
  definition: FootnoteDefinition | undefined,
  label: string,
  mapping: Mapping,
  place: InlinePlace,
): ParagraphChild[] {
  const { mentioned } = mapping;
  // Word has footnotes in the text only; what is mentioned again or in a note is named.
  if (!definition || place.inFootnote || mentioned.has(definition.identifier)) {
    return [textRun(`[${label}]`, place, { superScript: true })];
  }
  mentioned.add(definition.identifier);
  const children = paragraphsOf(definition).map((content) => {
    const eastAsian = content.some((node) => isEastAsian(plainText(node)));
    const runs = mapInline(content, mapping, { width: place.width, eastAsian, inFootnote: true });
    return new Paragraph({ style: "FootnoteText", children: [textRun(" "), ...runs] });
  });
  return [new FootnoteReferenceRun({ children })];
}

/** The paragraphs of a footnote; anything else in it as its bare words. */
function paragraphsOf(definition: FootnoteDefinition): PhrasingContent[][] {
  return definition.children.map((child: Nodes) =>
    child.type === "paragraph" ? child.children : [{ type: "text", value: plainText(child) }],
  );
}
