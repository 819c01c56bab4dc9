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

/** How close a table is set. Twips; `character` is a bold Latin one of the style, with some to spare. */
interface Density {
  style: string;
  character: number;
  padding: number;
}

const roomy: Density = { style: paragraphStyles.cell, character: 120, padding: 100 };
const dense: Density = { style: paragraphStyles.denseCell, character: 98, padding: 60 };

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
  const density = columns > 6 ? dense : roomy;
  const columnWidths = shareWidth(table, columns, width, density);
  const rows = table.children.map((row, index) => {
    const cells = columnWidths.map((columnWidth, column) =>
      mapCell(row, column, mapping, {
        width: columnWidth,
        align: table.align?.[column],
        isHeader: index === 0,
        density,
      }),
    );
    return new TableRow({ cantSplit: true, tableHeader: index === 0, children: cells });
  });
  const drawn = new Table({
    rows,
    columnWidths,
    width: { size: sum(columnWidths), type: WidthType.DXA },
    indent: { size: indent, type: WidthType.DXA },
    layout: TableLayoutType.FIXED,
    margins: { left: density.padding, right: density.padding },
    borders,
  });
  // Without a paragraph between them Word takes two tables for one; it is also the space after.
  return [drawn, new Paragraph({ spacing: { before: 0, after: 60, line: 120, lineRule: "exact" } })];
}

interface CellPlace {
  width: number;
  align: "left" | "center" | "right" | null | undefined;
  isHeader: boolean;
  density: Density;
}

function mapCell(row: TableRowNode, column: number, mapping: Mapping, place: CellPlace): TableCell {
  const content = row.children[column]?.children ?? [];
  const text = content.map(plainText).join("");
  const paragraph = new Paragraph({
    style: place.density.style,
    alignment: alignments[place.align ?? "left"],
    bidirectional: readsFromRight(text) || undefined,
    keepNext: place.isHeader,
    children: mapInline(content, mapping, {
      bold: place.isHeader,
      eastAsian: isEastAsian(text),
      width: place.width - 2 * place.density.padding,
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

/**
 * Column widths: what each column's longest cell wants where all fit; else what its longest word needs and a
 * share of the rest by the square root of what it still wants, so that one long column does not starve the others.
 */
function shareWidth(
  table: TableNode,
  columns: number,
  width: number,
  { character, padding }: Density,
): number[] {
  const cells = Array.from({ length: columns }, (_, column) =>
    table.children.flatMap((row) => cellLines(row, column)),
  );
  const measure = (parts: string[]) =>
    Math.max(3, ...parts.map(displayLength)) * character + 2 * padding + 40;
  const wanted = cells.map(measure);
  const total = sum(wanted);
  // Narrow tables are stretched a little: small boxes look lost on the page.
  if (total <= width) return wanted.map((each) => Math.floor(each * Math.min(width / total, 1.6)));
  const words = cells.map((lines) => measure(lines.flatMap((line) => line.split(breakable))));
  const needed = sum(words) <= width ? words : wanted.map((each) => Math.min(each, width / columns));
  const longing = wanted.map((each, column) => Math.sqrt(each - (needed[column] ?? 0)));
  const share = (width - sum(needed)) / sum(longing);
  return needed.map((each, column) => Math.floor(each + share * (longing[column] ?? 0)));
}

// Where a line of a cell may be broken; Chinese breaks after any character.
const breakable =
  /[\s/]|(?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303F\uFF01-\uFFEF])/u;

function cellLines(row: TableRowNode, column: number): string[] {
  const cell = row.children[column];
  return cell
    ? plainText(cell)
        .slice(0, 400)
        .split(/<br\s*\/?>/i)
    : [];
}

/** In Latin characters: Chinese ones are twice as wide. */
function displayLength(text: string): number {
  return [...text].reduce((length, each) => length + (isEastAsian(each) ? 2 : 1), 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
