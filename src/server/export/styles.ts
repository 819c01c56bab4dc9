import {
  BorderStyle,
  type IFontAttributesProperties,
  type IStylesOptions,
  LineRuleType,
  ShadingType,
} from "docx";
import { indentStep } from "./page.ts";

// Every font names its East Asian side: Word would otherwise take one by the reader's locale.
export const fonts = {
  body: { ascii: "Calibri", hAnsi: "Calibri", eastAsia: "SimSun", cs: "Arial" },
  heading: { ascii: "Calibri", hAnsi: "Calibri", eastAsia: "SimHei", cs: "Arial" },
  code: { ascii: "Consolas", hAnsi: "Consolas", eastAsia: "NSimSun", cs: "Courier New" },
  symbol: { ascii: "Segoe UI Symbol", hAnsi: "Segoe UI Symbol", eastAsia: "Segoe UI Symbol" },
  bullet: { ascii: "Arial", hAnsi: "Arial", eastAsia: "Arial" },
} as const satisfies Record<string, IFontAttributesProperties>;

export const colors = {
  text: "1F2328",
  quiet: "656D76",
  line: "D0D7DE",
  panel: "F6F8FA",
  inlineCode: "EFF1F3",
  link: "0B57D0",
  user: "E8F0FE",
  assistant: "EFF2F5",
  accent: "1A56A8",
};

export const panel = { type: ShadingType.CLEAR, color: "auto", fill: colors.panel };

/** Paragraph styles by what they are for; the ids stand in the document. */
export const paragraphStyles = {
  list: "ListParagraph",
  quote: "Quote",
  code: "CodeBlock",
  user: "UserHeading",
  assistant: "AssistantHeading",
  meta: "Meta",
  cell: "TableCell",
  denseCell: "DenseTableCell",
  tool: "ToolCall",
  toolResult: "ToolResult",
};

/** Twips; `line` in 240ths of a line. Unless the rule is said, LibreOffice cuts pictures down to one line. */
function spacing(before: number, after: number, line: number) {
  return { before, after, line, lineRule: LineRuleType.AUTO };
}

const basedOn = { basedOn: "Normal", quickFormat: true };

/** A heading of the conversation's markdown, sizes in half-points. Heading 1 is the line over each message. */
function heading(size: number, before: number, color: string = colors.text) {
  return {
    run: { font: fonts.heading, bold: true, size, sizeComplexScript: size, color },
    paragraph: { keepNext: true, keepLines: true, spacing: { before, after: 100, line: 288 } },
  };
}

function roleHeading(id: string, name: string, fill: string, color: string) {
  return {
    id,
    name,
    ...basedOn,
    next: "Normal",
    run: { font: fonts.heading, bold: true, size: 22, sizeComplexScript: 22, color },
    paragraph: {
      keepNext: true,
      keepLines: true,
      outlineLevel: 0,
      spacing: spacing(320, 140, 300),
      shading: { type: ShadingType.CLEAR, color: "auto", fill },
      border: {
        top: { style: BorderStyle.SINGLE, size: 4, space: 2, color: fill },
        bottom: { style: BorderStyle.SINGLE, size: 4, space: 2, color: fill },
        left: { style: BorderStyle.SINGLE, size: 24, space: 6, color },
      },
      indent: { left: 120 },
    },
  };
}

// A border of the panel's own color is its padding.
const padding = { style: BorderStyle.SINGLE, size: 4, space: 5, color: colors.panel };
const toolBar = { left: { style: BorderStyle.SINGLE, size: 12, space: 8, color: colors.line } };

/** The document's styles: body 10.5 point (五号), Chinese in SimSun (宋体), headings in SimHei (黑体). */
export const styles: IStylesOptions = {
  default: {
    document: {
      run: {
        font: fonts.body,
        size: 21,
        sizeComplexScript: 21,
        color: colors.text,
        language: { value: "en-US", eastAsia: "zh-CN", bidirectional: "ar-SA" },
      },
      paragraph: { spacing: spacing(0, 120, 300) },
    },
    title: {
      run: { font: fonts.heading, bold: true, size: 40, sizeComplexScript: 40, color: colors.text },
      paragraph: { spacing: spacing(0, 120, 288), keepNext: true },
    },
    heading1: heading(32, 320),
    heading2: heading(30, 300),
    heading3: heading(26, 260),
    heading4: heading(23, 220),
    heading5: heading(21, 200),
    heading6: heading(21, 180, colors.quiet),
    hyperlink: { run: { color: colors.link, underline: {} } },
    footnoteText: { run: { size: 18, sizeComplexScript: 18 } },
  },
  characterStyles: [
    {
      id: "InlineCode",
      name: "Inline Code",
      basedOn: "DefaultParagraphFont",
      run: {
        font: fonts.code,
        size: 19,
        noProof: true,
        shading: { type: ShadingType.CLEAR, color: "auto", fill: colors.inlineCode },
      },
    },
  ],
  paragraphStyles: [
    {
      id: paragraphStyles.list,
      name: "List Paragraph",
      ...basedOn,
      paragraph: { contextualSpacing: true, spacing: spacing(0, 120, 300) },
    },
    {
      id: paragraphStyles.quote,
      name: "Quote",
      ...basedOn,
      run: { color: colors.quiet },
      paragraph: {
        border: { left: { style: BorderStyle.SINGLE, size: 18, space: 10, color: colors.line } },
        indent: { left: indentStep },
      },
    },
    {
      id: paragraphStyles.code,
      name: "Code Block",
      ...basedOn,
      run: { font: fonts.code, size: 18, sizeComplexScript: 18, noProof: true },
      paragraph: {
        spacing: spacing(0, 0, 252),
        shading: panel,
        border: { top: padding, bottom: padding, left: padding, right: padding },
      },
    },
    roleHeading(paragraphStyles.user, "User Heading", colors.user, colors.accent),
    roleHeading(paragraphStyles.assistant, "Assistant Heading", colors.assistant, colors.text),
    {
      id: paragraphStyles.meta,
      name: "Meta",
      ...basedOn,
      run: { size: 18, sizeComplexScript: 18, color: colors.quiet },
      paragraph: { spacing: spacing(0, 100, 264) },
    },
    {
      id: paragraphStyles.cell,
      name: "Table Cell",
      ...basedOn,
      run: { size: 19, sizeComplexScript: 19 },
      paragraph: { spacing: spacing(40, 40, 264) },
    },
    {
      id: paragraphStyles.denseCell,
      name: "Dense Table Cell",
      basedOn: paragraphStyles.cell,
      run: { size: 16, sizeComplexScript: 16 },
      paragraph: { spacing: spacing(20, 20, 252) },
    },
    {
      id: paragraphStyles.tool,
      name: "Tool Call",
      ...basedOn,
      run: { size: 18, sizeComplexScript: 18, color: colors.quiet },
      paragraph: {
        keepNext: true,
        spacing: spacing(100, 0, 264),
        border: toolBar,
        indent: { left: 240 },
      },
    },
    {
      id: paragraphStyles.toolResult,
      name: "Tool Result",
      ...basedOn,
      run: { font: fonts.code, size: 16, sizeComplexScript: 16, color: colors.quiet, noProof: true },
      paragraph: { spacing: spacing(0, 120, 240), border: toolBar, indent: { left: 240 } },
    },
  ],
};
