import type { Root } from "hast";
import type { Emphasis, Strong, Text } from "mdast";
import rehypeRemark from "rehype-remark";
import remarkGfm from "remark-gfm";
import remarkStringify, { type Options as StringifyOptions } from "remark-stringify";
import { unified } from "unified";

type Handlers = NonNullable<StringifyOptions["handlers"]>;

/**
 * What is written for reading and for searching, not to be parsed again: the library escapes `_` within names, and
 * writes Chinese characters beside bold punctuation as `&#x8BF7;`.
 */
const handlers: Handlers = {
  text: ({ value }: Text, _parent, { stack }) =>
    stack.includes("tableCell") ? value.replaceAll("|", "\\|") : value,
  strong: marked("**"),
  emphasis: marked("_"),
};

/** The mark stands at the words, not at the white space around them. */
function marked(mark: string): NonNullable<Handlers["strong"]> {
  return (node: Strong | Emphasis, _parent, state, info) => {
    const inner = state.containerPhrasing(node, { ...info, before: mark, after: mark });
    const [, before = "", words = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(inner) ?? [];
    return words === "" ? inner : `${before}${mark}${words}${mark}${after}`;
  };
}

/** HTML, as it was parsed, as markdown. */
export function writeMarkdown(root: Root): string {
  const markdown = unified()
    .use(rehypeRemark)
    .use(remarkGfm, { tablePipeAlign: false })
    .use(remarkStringify, { bullet: "-", emphasis: "_", rule: "-", resourceLink: true, handlers });
  return markdown.stringify(markdown.runSync(root) as Parameters<typeof markdown.stringify>[0]);
}
