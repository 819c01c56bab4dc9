import {
  AlignmentType,
  BorderStyle,
  Paragraph,
  ShadingType,
  Table,
  TableCell,
  TableLayoutType,
  TableRow,
  WidthType,
} from "docx";
import type { Table as TableNode, TableRow as TableRowNode } from "mdast";
import { colors, paragraphStyles } from "../styles.ts";
import { mapCode } from "./code.ts";
import { mapInline } from "./inline.ts";
import { type Mapping, plainText } from "./mapping.ts";
import { isEastAsian, readsFromRight } from "./text-run.ts";

/** Word calls a document with wider tables broken. */
const maxColumns = 63;
const cellPadding = 100;

const line = { style: BorderStyle.SINGLE, size: 4, color: colors.line };
const borders = {
  top: line,
  bottom: line,
  left: line,
  right: line,
  insideHorizontal: line,
  insideVertical: line,
};

const alignments = { left: AlignmentType.LEFT, center: AlignmentType.CENTER, right: AlignmentType.RIGHT };

/** A table as wide as its content wants, up to `width`; its first row repeats on every page. Twips. */
export function mapTable(
  table: TableNode,
  mapping: Mapping,
  indent: number,
  width: number,
): (Table | Paragraph)[] {
  const columns = Math.max(...table.children.map((row) => row.children.length));
  if (columns > maxColumns) return mapCode(table.children.map(rowText).join("\n"), indent);
  const columnWidths = shareWidth(table, columns, width);
  const rows = table.children.map((row, index) => {
    const cells = columnWidths.map((columnWidth, column) =>
      mapCell(row, column, mapping, {
        width: columnWidth,
        align: table.align?.[column],
        isHeader: index === 0,
      }),
    );
    return new TableRow({ cantSplit: true, tableHeader: index === 0, children: cells });
  });
  const drawn = new Table({
    rows,
    columnWidths,
    width: { size: columnWidths.reduce((sum, each) => sum + each, 0), type: WidthType.DXA },
    indent: { size: indent, type: WidthType.DXA },
    layout: TableLayoutType.FIXED,
    margins: { left: cellPadding, right: cellPadding },
    borders,
  });
  // Without a paragraph between them Word takes two tables for one; it is also the space after.
  return [drawn, new Paragraph({ spacing: { before: 0, after: 60, line: 120, lineRule: "exact" } })];
}

interface CellPlace {
  width: number;
  align: "left" | "center" | "right" | null | undefined;
  isHeader: boolean;
}

function mapCell(row: TableRowNode, column: number, mapping: Mapping, place: CellPlace): TableCell {
  const content = row.children[column]?.children ?? [];
  const text = content.map(plainText).join("");
  const paragraph = new Paragraph({
    style: paragraphStyles.cell,
    alignment: alignments[place.align ?? "left"],
    bidirectional: readsFromRight(text) || undefined,
    keepNext: place.isHeader,
    children: mapInline(content, mapping, {
      bold: place.isHeader,
      eastAsian: isEastAsian(text),
      width: place.width - 2 * cellPadding,
    }),
  });
  return new TableCell({
    width: { size: place.width, type: WidthType.DXA },
    ...(place.isHeader && { shading: { type: ShadingType.CLEAR, color: "auto", fill: colors.panel } }),
    children: [paragraph],
  });
}

function rowText(row: TableRowNode): string {
  return row.children.map((cell) => plainText(cell)).join(" | ");
}

/** Of a bold Latin character at the size of table text, with some to spare. */
const characterWidth = 120;

/**
 * Column widths: what each column's longest cell wants where all fit, else shares of `width` by the square
 * root of what they want, so that one long column does not starve the short ones.
 */
function shareWidth(table: TableNode, columns: number, width: number): number[] {
  const wanted = Array.from({ length: columns }, (_, column) => {
    const longest = Math.max(...table.children.map((row) => displayLength(row, column)));
    return Math.max(longest, 3) * characterWidth + 2 * cellPadding + 60;
  });
  const total = wanted.reduce((sum, each) => sum + each, 0);
  if (total <= width) {
    // Narrow tables are stretched a little: ragged little boxes look lost on the page.
    const stretch = Math.min(width / total, 1.6);
    return wanted.map((each) => Math.floor(each * stretch));
  }
  return shareScarce(wanted, width);
}

function shareScarce(wanted: number[], width: number): number[] {
  const shares = wanted.map(Math.sqrt);
  const fixed = new Map<number, number>();
  // A column that wants less than its share gets what it wants; the others share the rest.
  for (;;) {
    const left = width - [...fixed.values()].reduce((sum, each) => sum + each, 0);
    const sum = shares.reduce((total, share, column) => (fixed.has(column) ? total : total + share), 0);
    const modest = wanted.findIndex(
      (each, column) => !fixed.has(column) && each <= ((shares[column] ?? 0) / sum) * left,
    );
    if (modest < 0) {
      return wanted.map((_, column) => fixed.get(column) ?? Math.floor(((shares[column] ?? 0) / sum) * left));
    }
    fixed.set(modest, wanted[modest] ?? 0);
  }
}

/** The longest line of a cell in Latin characters: Chinese ones are twice as wide. Counts up to 200. */
function displayLength(row: TableRowNode, column: number): number {
  const cell = row.children[column];
  if (!cell) return 0;
  const lines = plainText(cell)
    .split(/<br\s*\/?>/i)
    .map((part) => [...part.slice(0, 200)].reduce((sum, each) => sum + (isEastAsian(each) ? 2 : 1), 0));
  return Math.max(...lines);
}
