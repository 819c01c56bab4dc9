import type { Element, Nodes, Root } from "hast";
import rehypeParse from "rehype-parse";
import { unified } from "unified";
import { writeMarkdown } from "../markdown/write-markdown.ts";
import { absolute, prunePage } from "./prune-page.ts";

/** A page as text. */
export interface PageText {
  title: string;
  markdown: string;
}

/** How much of the page's text the part marked as the main one has to hold, to be taken for it. */
const mainShare = 0.3;
/** The readable part of an HTML page as markdown, its links absolute. Linear in the page but for what the parser does with malformed tags. */
export function htmlToMarkdown(html: string, address: string): PageText {
  const tree = unified().use(rehypeParse).parse(html) as Root;
  const title = clean(textOf(findElement(tree, (each) => each.tagName === "title")));
  const base = baseOf(tree, address);
  prunePage(tree, base);
  const main = findMain(tree);
  const root: Root = { type: "root", children: main ? [main] : tree.children };
  return {
    title,
    markdown: writeMarkdown(root)
      .replaceAll(/\n{3,}/g, "\n\n")
      .trim(),
  };
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
