import {
  AlignmentType,
  BorderStyle,
  Document,
  Footer,
  Header,
  HeadingLevel,
  Packer,
  PageNumber,
  Paragraph,
  TextRun,
} from "docx";
import type { ExportJob, TaskTitle } from "./docx-job.ts";
import type { Block } from "./markdown/blocks.ts";
import { Numbering } from "./markdown/numbering.ts";
import type { Picture } from "./markdown/picture.ts";
import { readsFromRight, textRun, xmlText } from "./markdown/text-run.ts";
import { page } from "./page.ts";
import { colors, paragraphStyles, styles } from "./styles.ts";
import { mapLines, mapTranscript, type Transcript } from "./transcript.ts";
import { formatTime, type Words, words } from "./words.ts";

/** The finished .docx. */
export async function writeDocument(
  job: Pick<ExportJob, "task" | "language" | "exportedAt">,
  transcript: Transcript,
  pictures: ReadonlyMap<string, Picture>,
): Promise<Uint8Array> {
  const numbering = new Numbering();
  const parts = { words: words[job.language], pictures, numbering };
  const content = mapTranscript(transcript, parts);
  const title = xmlText(job.task.name);
  const { width, height, margin } = page;
  const document = new Document({
    title,
    creator: "zcbot",
    lastModifiedBy: "zcbot",
    description: xmlText(job.task.description),
    styles,
    numbering: { config: numbering.definitions() },
    sections: [
      {
        properties: { page: { size: { width, height }, margin } },
        headers: { default: header(title) },
        footers: { default: footer() },
        children: [...titleBlock(job, transcript, parts.words), ...content],
      },
    ],
  });
  return Packer.toBuffer(document);
}

function titleBlock(
  { task, exportedAt }: { task: TaskTitle; exportedAt: Date },
  transcript: Transcript,
  texts: Words,
): Block[] {
  const messages = transcript.turns.reduce((sum, turn) => sum + turn.messages, transcript.leftOut);
  const facts = [
    `${texts.created} ${formatTime(task.createdAt)}`,
    `${texts.exported} ${formatTime(exportedAt)}`,
    texts.messageCount(messages),
  ];
  const bottom = { style: BorderStyle.SINGLE, size: 6, space: 6, color: colors.line };
  return [
    new Paragraph({
      heading: HeadingLevel.TITLE,
      ...(readsFromRight(task.name) && { bidirectional: true }),
      children: [textRun(task.name)],
    }),
    new Paragraph({
      style: paragraphStyles.meta,
      border: { bottom },
      spacing: { after: 200 },
      children: [textRun(facts.join("  ·  "))],
    }),
    ...mapLines(task.description),
  ];
}

function header(title: string): Header {
  const short = title.length > 60 ? `${title.slice(0, 60).toWellFormed()}…` : title;
  const bottom = { style: BorderStyle.SINGLE, size: 4, space: 4, color: colors.line };
  const children = [textRun(short, {}, { size: 17, color: colors.quiet })];
  return new Header({ children: [new Paragraph({ border: { bottom }, spacing: { after: 0 }, children })] });
}

/** "1 / 2" */
function footer(): Footer {
  const children = [
    new TextRun({
      size: 17,
      color: colors.quiet,
      children: [PageNumber.CURRENT, " / ", PageNumber.TOTAL_PAGES],
    }),
  ];
  return new Footer({ children: [new Paragraph({ alignment: AlignmentType.CENTER, children })] });
}
