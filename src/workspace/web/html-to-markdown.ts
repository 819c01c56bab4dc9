import type { Element, Nodes, Root } from "hast";
import type { Emphasis, Strong, Text } from "mdast";
import rehypeParse from "rehype-parse";
import rehypeRemark from "rehype-remark";
import remarkGfm from "remark-gfm";
import remarkStringify, { type Options as StringifyOptions } from "remark-stringify";
import { unified } from "unified";
import { absolute, prunePage } from "./prune-page.ts";

/** A page as text. */
export interface PageText {
  title: string;
  markdown: string;
}

/** How much of the page's text the part marked as the main one has to hold, to be taken for it. */
const mainShare = 0.3;
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

/** The readable part of an HTML page as markdown, its links absolute. Linear in the page but for what the parser does with malformed tags. */
export function htmlToMarkdown(html: string, address: string): PageText {
  const tree = unified().use(rehypeParse).parse(html) as Root;
  const title = clean(textOf(findElement(tree, (each) => each.tagName === "title")));
  const base = baseOf(tree, address);
  prunePage(tree, base);
  const main = findMain(tree);
  const root: Root = { type: "root", children: main ? [main] : tree.children };
  const markdown = unified()
    .use(rehypeRemark)
    .use(remarkGfm, { tablePipeAlign: false })
    .use(remarkStringify, { bullet: "-", emphasis: "_", rule: "-", resourceLink: true, handlers });
  const text = markdown.stringify(markdown.runSync(root) as Parameters<typeof markdown.stringify>[0]);
  return { title, markdown: text.replaceAll(/\n{3,}/g, "\n\n").trim() };
}

/** The visible text of HTML that is too deep or too broken to be understood; linear. */
export function htmlToText(html: string): string {
  const withoutCode = html.replaceAll(/<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, " ");
  return withoutCode
    .replaceAll(/<[^<>]{0,10000}>/g, "\n")
    .replaceAll(/[^\S\n]+/g, " ")
    .replaceAll(/\s*\n\s*/g, "\n")
    .trim();
}

function baseOf(tree: Root, address: string): URL {
  const named = findElement(
    tree,
    ({ tagName, properties }) => tagName === "base" && properties.href !== undefined,
  );
  const href = absolute(named?.properties.href, new URL(address));
  return new URL(href ?? address);
}

/** `main`, or the one `article`, where the page says which part it is and most of it stands there. */
function findMain(tree: Root): Element | undefined {
  const whole = lengthOf(tree);
  const isMain = ({ tagName, properties }: Element) => tagName === "main" || properties.role === "main";
  const articles = findElements(tree, ({ tagName }) => tagName === "article");
  const candidates = [findElement(tree, isMain), articles.length === 1 ? articles[0] : undefined];
  return candidates.find((each) => each !== undefined && lengthOf(each) >= whole * mainShare);
}

function findElement(tree: Root, matches: (element: Element) => boolean): Element | undefined {
  return findElements(tree, matches, 1)[0];
}

function findElements(tree: Root, matches: (element: Element) => boolean, count = 2): Element[] {
  const found: Element[] = [];
  const open: Nodes[] = [tree];
  for (let node = open.pop(); node && found.length < count; node = open.pop()) {
    if (node.type === "element" && matches(node)) found.push(node);
    if ("children" in node) for (const child of node.children.toReversed()) open.push(child);
  }
  return found;
}

function textOf(element: Element | undefined): string {
  return (element?.children ?? []).map((child) => (child.type === "text" ? child.value : "")).join("");
}

function lengthOf(tree: Root | Element): number {
  let length = 0;
  const open: Nodes[] = [tree];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.type === "text") length += node.value.trim().length;
    if ("children" in node) for (const child of node.children) open.push(child);
  }
  return length;
}

function clean(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
