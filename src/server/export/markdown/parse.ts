import { cjk } from "@streamdown/cjk";
import type { Root } from "mdast";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";

// The web app reads markdown with the same: emphasis beside Chinese punctuation, addresses that end before it.
const processor = unified()
  .use(remarkParse)
  .use(cjk.remarkPluginsBefore)
  .use(remarkGfm)
  .use(cjk.remarkPluginsAfter)
  .freeze();

/** Longer texts are set as they are: nobody writes markdown of that length, and parsing takes 6 s a megabyte. */
const maxLength = 200_000;
// Emphasis is matched in square time: 20,000 markers in one paragraph take 13 s, 2,000 a tenth of a second.
const maxMarkers = 2_000;
// Containers nest in square time as well: 500 take 30 ms, 5,000 more than a second.
const maxNesting = 100;

/** The markdown tree of a text; null where it has to be set as it is: too long, or made to be slow. */
export function parseMarkdown(text: string): Root | null {
  if (text.length > maxLength || isHostile(text)) return null;
  try {
    const tree = processor.parse(text);
    processor.runSync(tree);
    return tree;
  } catch {
    // Deeper than the stack.
    return null;
  }
}

function isHostile(text: string): boolean {
  let markers = 0;
  let fence: string | undefined;
  for (const line of text.split("\n")) {
    const start = line.trimStart();
    const mark = /^(`{3}|~{3})/.exec(start)?.[1];
    if (mark && (fence === undefined || fence === mark)) fence = fence ? undefined : mark;
    if (fence) continue;
    if ((/^(?:[>*+-]\s*|\d{1,9}[.)]\s+)+/.exec(start)?.[0].length ?? 0) > maxNesting * 2) return true;
    // A paragraph ends at a blank line; in a table every row stands for itself.
    if (start === "" || start.startsWith("|")) markers = 0;
    markers += line.match(/[*_~[\]]/g)?.length ?? 0;
    if (markers > maxMarkers) return true;
  }
  return false;
}
