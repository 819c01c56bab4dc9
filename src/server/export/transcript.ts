import { Paragraph, Tab, TabStopType, TextRun } from "docx";
import type { Root } from "mdast";
import type { TodoItem } from "../../protocol/event.ts";
import { type Block, mapBlocks } from "./markdown/blocks.ts";
import { createMapping, type DocumentParts, walk } from "./markdown/mapping.ts";
import { parseMarkdown } from "./markdown/parse.ts";
import { workspacePath } from "./markdown/picture.ts";
import { isEastAsian, readsFromRight, textRun } from "./markdown/text-run.ts";
import { textWidth } from "./page.ts";
import { colors, fonts, paragraphStyles } from "./styles.ts";
import { mapToolCall } from "./tool-call.ts";
import type { Part, Turn } from "./turns.ts";
import { formatTime, type Words } from "./words.ts";

/** Characters that one document holds: Word gets slow far earlier. */
const maxCharacters = 5_000_000;
/** Nodes of markdown, about 400 rich messages and 10 s of work. What is beyond is set as it is. */
const maxNodes = 60_000;
/** Of a text that is set as it is. */
const maxPlainCharacters = 1_000_000;
const maxPlainLines = 10_000;

type ParsedPart = Part & { tree?: Root | null };
type ParsedTurn = Omit<Turn, "parts"> & { parts: ParsedPart[] };

/** A conversation cut to what a document can hold, its markdown parsed. */
export interface Transcript {
  turns: ParsedTurn[];
  /** Messages beyond what fits. */
  leftOut: number;
}

export function parseTranscript(turns: readonly Turn[]): Transcript {
  const parsed: ParsedTurn[] = [];
  let characters = 0;
  let nodes = 0;
  const parse = (text: string) => {
    const tree = nodes <= maxNodes ? parseMarkdown(text) : null;
    if (tree) for (const _ of walk(tree)) nodes += 1;
    return nodes <= maxNodes ? tree : null;
  };
  for (const turn of turns) {
    if (characters > maxCharacters) break;
    const parts = turn.parts.map((part) => {
      if (part.kind !== "text") return part;
      characters += Math.min(part.text.length, maxPlainCharacters);
      return { ...part, tree: parse(part.text) };
    });
    parsed.push({ ...turn, parts });
  }
  const leftOut = turns.slice(parsed.length).reduce((sum, turn) => sum + turn.messages, 0);
  return { turns: parsed, leftOut };
}

/** Workspace paths of all pictures that the text shows, each once, in order. */
export function listPictures(transcript: Transcript): string[] {
  const paths = new Set<string>();
  for (const { parts } of transcript.turns) {
    for (const part of parts) {
      if (!part.tree) continue;
      for (const node of walk(part.tree)) {
        // A definition may be a picture's; asking for one too many costs little.
        if (node.type !== "image" && node.type !== "definition") continue;
        const path = workspacePath(node.url);
        if (path !== undefined) paths.add(path);
      }
    }
  }
  return [...paths];
}

/** The document's blocks for the whole conversation. */
export function mapTranscript(transcript: Transcript, parts: DocumentParts): Block[] {
  const { words } = parts;
  const blocks = transcript.turns.flatMap((turn) => [
    roleHeading(turn, words),
    ...turn.parts.flatMap((part) => mapPart(part, turn.role, parts)),
  ]);
  if (transcript.leftOut > 0) blocks.push(note(words.messagesLeftOut(transcript.leftOut)));
  return blocks;
}

function roleHeading({ role, time }: Pick<Turn, "role" | "time">, words: Words): Paragraph {
  const clock = textRun(
    formatTime(time),
    {},
    { size: 18, bold: false, color: colors.quiet, font: fonts.body },
  );
  return new Paragraph({
    style: paragraphStyles[role],
    tabStops: [{ type: TabStopType.RIGHT, position: textWidth - 60 }],
    children: [textRun(words[role]), new TextRun({ children: [new Tab()] }), clock],
  });
}

function mapPart(part: ParsedPart, role: Turn["role"], parts: DocumentParts): Block[] {
  if (part.kind === "call") return mapToolCall(part, parts.words);
  if (part.kind === "attachments") return [note(parts.words.attached(part.names))];
  if (part.kind === "plan") return part.items.map(mapPlanItem);
  if (!part.tree) return mapPlain(part.text, parts.words);
  return mapBlocks(part.tree.children, createMapping(parts, part.tree, role === "user"));
}

/** Text as it is, a paragraph a line. */
function mapPlain(text: string, words: Words): Paragraph[] {
  const shown = text.slice(0, maxPlainCharacters).split("\n", maxPlainLines).join("\n");
  const paragraphs = mapLines(shown);
  const leftOut = text.length - shown.length;
  if (leftOut > 0) paragraphs.push(note(words.charactersLeftOut(leftOut)));
  return paragraphs;
}

/** Lines of plain text as paragraphs; blank ones only part them. */
export function mapLines(text: string): Paragraph[] {
  return text
    .split(/\r\n|[\n\r]/)
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const children = [textRun(line, { eastAsian: isEastAsian(line) })];
      return new Paragraph({ ...(readsFromRight(line) && { bidirectional: true }), children });
    });
}

const boxes: Record<TodoItem["status"], string> = {
  pending: "☐",
  in_progress: "☐",
  completed: "☑",
  cancelled: "☒",
};

function mapPlanItem({ content, status }: TodoItem): Paragraph {
  return new Paragraph({
    style: paragraphStyles.tool,
    children: [textRun(`${boxes[status]} ${content}`, { eastAsian: isEastAsian(content) })],
  });
}

function note(text: string): Paragraph {
  return new Paragraph({ style: paragraphStyles.meta, children: [textRun(text)] });
}
