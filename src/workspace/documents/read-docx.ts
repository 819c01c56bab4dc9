import mammoth from "mammoth";
import rehypeParse from "rehype-parse";
import { unified } from "unified";
import { writeMarkdown } from "../markdown/write-markdown.ts";
import type { DocumentJob, DocumentText } from "./document-job.ts";
import { Excerpt } from "./excerpt.ts";
import { readParts, storeZip } from "./zip-parts.ts";

/** Beside what mammoth knows: headings of English and Chinese Word are the same styles; these are not. */
const styles = [
  "p[style-name='Title'] => h1:fresh",
  "p[style-name='标题'] => h1:fresh",
  "p[style-name='Subtitle'] => h2:fresh",
  "comment-reference => sup",
];

/** A Word document as markdown: headings, lists, tables, notes and comments; pictures by what they are called. */
export async function readDocx(job: DocumentJob, archive: Buffer): Promise<DocumentText> {
  // Pictures are not needed to tell that there are some.
  const parts = await readParts(archive, (name) => /\.(xml|rels)$/i.test(name));
  const { value: html } = await mammoth.convertToHtml(
    { buffer: storeZip(parts) },
    { styleMap: styles, convertImage: mammoth.images.imgElement(async () => ({ src: "" })) },
  );
  const markdown = toMarkdown(html);
  const lines = markdown.trim() === "" ? [] : markdown.trimEnd().split("\n");
  const excerpt = new Excerpt(job);
  excerpt.add(1, lines);
  const notes: string[] = [];
  if (excerpt.lines.length < lines.length) {
    const last = job.offset + excerpt.lines.length - 1;
    const more = last < lines.length ? `; continue with offset ${last + 1}` : "";
    notes.push(`[lines ${job.offset}-${last} of ${lines.length} shown${more}]`);
  }
  return { title: `Word document as markdown, ${lines.length} lines`, lines: excerpt.lines, notes };
}

function toMarkdown(html: string): string {
  const tree = unified().use(rehypeParse, { fragment: true }).parse(prepareHtml(html));
  return (
    writeMarkdown(tree)
      // References to notes and comments, and the way back from them.
      .replace(/\[\\?\[(\w+)\\?\]\]\(#(footnote|endnote|comment)-[\w-]+\)/g, "[^$1]")
      .replace(/\\?\[\^(\w+)\\?\]:/g, "[^$1]:")
      .replace(/ ?\[↑\]\(#[\w-]+\)/g, "")
      .replace(/!\[([^\]\n]*)\]\(\)/g, (_, name: string) => (name ? `[picture: ${name}]` : "[picture]"))
  );
}

/** What mammoth leaves open: the first row of a table is its head, and a note has a name. */
function prepareHtml(html: string): string {
  return html
    .replace(/<table><tr>.*?<\/tr>/gs, (row) => row.replace(/<(\/?)td\b/g, "<$1th"))
    .replace(/<li id="(?:footnote|endnote)-(\w+)">(<p>)?/g, "<li>$2[^$1]: ");
}
