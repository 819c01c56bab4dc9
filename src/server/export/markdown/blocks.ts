import { BorderStyle, HeadingLevel, type IParagraphOptions, Paragraph, type Table } from "docx";
import type { BlockContent, DefinitionContent, List, ListItem, PhrasingContent, RootContent } from "mdast";
import { indentStep, leastTextWidth, textWidth } from "../page.ts";
import { colors, paragraphStyles } from "../styles.ts";
import { mapCode } from "./code.ts";
import { lineBreak, mapInline } from "./inline.ts";
import { type Mapping, plainText } from "./mapping.ts";
import type { NumberingReference } from "./numbering.ts";
import { mapTable } from "./tables.ts";
import { isEastAsian, readsFromRight, textRun } from "./text-run.ts";

export type Block = Paragraph | Table;

/** Where a block stands: the page itself, or inside lists and quotes. */
interface Place {
  /** twips */
  indent: number;
  quotes: number;
  /** Lists around it. */
  lists: number;
  /** Set for the first paragraph of a list item. */
  mark?: NumberingReference;
  /** What the mark takes of the indentation, twips. */
  markRoom?: number;
  /** Inside a list whose items stand close together. */
  tight?: boolean;
}

const onPage: Place = { indent: 0, quotes: 0, lists: 0 };

// The document's title and the line over each message come first.
const headings = [
  HeadingLevel.HEADING_2,
  HeadingLevel.HEADING_3,
  HeadingLevel.HEADING_4,
  HeadingLevel.HEADING_5,
  HeadingLevel.HEADING_6,
  HeadingLevel.HEADING_6,
] as const;

/** The document's blocks for a message's markdown. */
export function mapBlocks(nodes: readonly RootContent[], mapping: Mapping): Block[] {
  return nodes.flatMap((node) => mapBlock(node as BlockContent, mapping, onPage));
}

function mapBlock(node: BlockContent | DefinitionContent, mapping: Mapping, place: Place): Block[] {
  switch (node.type) {
    case "paragraph":
      return [paragraph(node.children, mapping, place)];
    case "heading":
      return [
        paragraph(node.children, mapping, place, { heading: headings[node.depth - 1], style: undefined }),
      ];
    case "blockquote":
      return mapAll(node.children, mapping, { ...deeper(place), quotes: place.quotes + 1, mark: undefined });
    case "list":
      return mapList(node, mapping, place);
    case "code":
      return mapCode(node.value, place.indent);
    case "html":
      return [rawText(node.value, place)];
    case "table":
      return mapTable(node, mapping, place.indent, textWidth - place.indent);
    case "thematicBreak":
      return [thematicBreak()];
    case "definition":
    case "footnoteDefinition":
      return [];
  }
}

function mapAll(
  nodes: readonly (BlockContent | DefinitionContent)[],
  mapping: Mapping,
  place: Place,
): Block[] {
  return nodes.flatMap((node) => mapBlock(node, mapping, place));
}

function deeper(place: Place, step = indentStep): Place {
  const indent = Math.min(place.indent + step, textWidth - leastTextWidth);
  return { ...place, indent };
}

function paragraph(
  content: readonly PhrasingContent[],
  mapping: Mapping,
  place: Place,
  more: IParagraphOptions = {},
): Paragraph {
  const text = content.map(plainText).join("");
  const children = mapInline(content, mapping, {
    eastAsian: isEastAsian(text),
    width: textWidth - place.indent,
  });
  return new Paragraph({
    ...placed(place),
    ...(readsFromRight(text) && { bidirectional: true }),
    ...more,
    children,
  });
}

/** Style, indentation and list mark of a paragraph at its place. */
function placed(place: Place): IParagraphOptions {
  const style = place.quotes > 0 ? paragraphStyles.quote : place.lists > 0 ? paragraphStyles.list : undefined;
  const hanging = place.mark && place.markRoom;
  return {
    ...(style && { style }),
    ...(place.indent > 0 && { indent: { left: place.indent, hanging } }),
    ...(place.mark && { numbering: place.mark }),
    ...(place.lists > 0 && !place.tight && { contextualSpacing: false }),
  };
}

/** Of body text, twips. */
const digitWidth = 120;

function mapList(list: List, mapping: Mapping, place: Place): Block[] {
  const { numbering } = mapping;
  const start = list.start ?? 1;
  const ordered = list.ordered ? numbering.order(start, place.lists) : undefined;
  const digits = ordered ? String(start + list.children.length - 1).length : 1;
  const markRoom = indentStep + Math.max(0, digits - 2) * digitWidth;
  const inside: Place = { ...deeper(place, markRoom), lists: place.lists + 1, markRoom };
  return list.children.flatMap((item) => {
    const isDone = item.checked ?? undefined;
    const mark = isDone === undefined ? "bullet" : isDone ? "done" : "open";
    // Numbers stand where the box would; the box then leads the text.
    const box =
      ordered && isDone !== undefined ? [{ type: "text", value: isDone ? "☑ " : "☐ " } as const] : [];
    return mapItem(item, box, mapping, {
      ...inside,
      tight: !list.spread && !item.spread,
      mark: ordered ?? numbering.mark(mark, place.lists),
    });
  });
}

/** The first paragraph carries the mark; an item that begins with anything else gets an empty one for it. */
function mapItem(item: ListItem, box: PhrasingContent[], mapping: Mapping, place: Place): Block[] {
  const [first, ...rest] = item.children;
  const unmarked = { ...place, mark: undefined };
  if (first?.type === "paragraph") {
    const lead = paragraph([...box, ...first.children], mapping, place);
    return [lead, ...mapAll(rest, mapping, unmarked)];
  }
  return [paragraph(box, mapping, place), ...mapAll(item.children, mapping, unmarked)];
}

function rawText(text: string, place: Place): Paragraph {
  const lines = text.split("\n");
  const children = lines.flatMap((line, index) => [...(index > 0 ? [lineBreak()] : []), textRun(line)]);
  return new Paragraph({ ...placed(place), children });
}

/** A rule across the text, not a new page. */
function thematicBreak(): Paragraph {
  const bottom = { style: BorderStyle.SINGLE, size: 6, space: 1, color: colors.line };
  return new Paragraph({
    border: { bottom },
    spacing: { before: 60, after: 240, line: 120, lineRule: "exact" },
  });
}
