import type { Element, ElementContent, Nodes, Parents, Root } from "hast";
import rehypeParse from "rehype-parse";
import { unified } from "unified";
import { writeMarkdown } from "./write-markdown.ts";

/** A page as text. */
export interface PageText {
  title: string;
  markdown: string;
}

/** What holds nothing to read, or what frames the page rather than being it. */
const droppedTags: ReadonlySet<string> = new Set(
  "script style noscript template svg canvas iframe object embed video audio map dialog nav aside footer button input select textarea link meta".split(
    " ",
  ),
);
const droppedRoles: ReadonlySet<string> = new Set([
  "navigation",
  "banner",
  "contentinfo",
  "complementary",
  "search",
]);
/** How much of the page's text the part marked as the main one has to hold, to be taken for it. */
const mainShare = 0.3;
/** No page made for people comes near; what is deeper is not walked. */
const maxDepth = 300;

/** The readable part of an HTML page as markdown, its links absolute. Linear in the page but for what the parser does with malformed tags. */
export function htmlToMarkdown(html: string, address: string): PageText {
  const tree = unified().use(rehypeParse).parse(html) as Root;
  const title = clean(textOf(findElement(tree, (each) => each.tagName === "title")));
  const base = baseOf(tree, address);
  flatten(tree);
  prune(tree, base);
  const main = findMain(tree);
  return { title, markdown: writeMarkdown(main ? main.children : tree.children) };
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

/** Cuts off what is nested too deep to be walked; iterative, for the tree may be. */
function flatten(tree: Root): void {
  let level: Parents[] = [tree];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === maxDepth) {
      for (const parent of level)
        parent.children = parent.children.filter(({ type }) => type === "text") as typeof parent.children;
      return;
    }
    level = level.flatMap((parent) =>
      (parent.children as Nodes[]).filter((child) => child.type === "element"),
    );
  }
}

function prune(parent: Parents, base: URL): void {
  const kept: ElementContent[] = [];
  for (const child of parent.children) {
    if (child.type === "text") kept.push(child);
    if (child.type !== "element" || isDropped(child, parent)) continue;
    prune(child, base);
    if (child.tagName === "a") {
      const href = absolute(child.properties.href, base);
      // Of what cannot be opened only the words are of use.
      if (href === undefined) kept.push(...child.children);
      else kept.push({ ...child, properties: { href } });
    } else if (child.tagName === "img") {
      const src = absolute(child.properties.src, base);
      if (src !== undefined) kept.push({ ...child, properties: { src, alt: child.properties.alt } });
    } else {
      kept.push(child);
    }
  }
  parent.children = kept;
}

function isDropped({ tagName, properties }: Element, parent: Parents): boolean {
  if (droppedTags.has(tagName) || properties.hidden === true) return true;
  if (properties.ariaHidden === "true" || droppedRoles.has(String(properties.role))) return true;
  // What a browser does not show is not for the reader either.
  if (/display\s*:\s*none|visibility\s*:\s*hidden/i.test(String(properties.style ?? ""))) return true;
  // The head of the page, unlike that of an article.
  return tagName === "header" && parent.type === "element" && parent.tagName === "body";
}

/** Undefined for what cannot be opened: scripts, data, mail. */
function absolute(reference: unknown, base: URL): string | undefined {
  if (typeof reference !== "string" || !URL.canParse(reference, base.href)) return undefined;
  const url = new URL(reference, base);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
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
