import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { elementsBelow, type PageElement, type PageNode } from "./page-node.ts";
import { writeMarkdown } from "./write-markdown.ts";

/** A page as text. */
export interface PageText {
  title: string;
  markdown: string;
}

type Parsed = DefaultTreeAdapterTypes.ParentNode;
type ParsedElement = DefaultTreeAdapterTypes.Element;

/** What holds nothing to read, or what frames the page rather than being it. */
const droppedTags: ReadonlySet<string> = new Set(
  "head script style noscript template svg canvas iframe object embed video audio map dialog nav aside footer button input select textarea".split(
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
/** What is looked at of an element. */
const keptAttributes: ReadonlySet<string> = new Set(["alt", "class", "role", "start"]);
/** How much of the page's text the part marked as the main one has to hold, to be taken for it. */
const mainShare = 0.3;
/** No page made for people comes near; of what is deeper only the words are read. */
const maxDepth = 300;

/** The readable part of an HTML page as markdown, its links absolute. */
export function htmlToMarkdown(html: string, address: string): PageText {
  const document = parse(html);
  const head = findHead(document, new URL(address));
  const page: PageElement = { tag: "body", attributes: {}, children: [] };
  readChildren(document, page.children, head.base, 0);
  return { title: head.title, markdown: writeMarkdown((findMain(page) ?? page).children) };
}

/** The visible text of HTML that cannot be understood in time; linear. */
export function htmlToText(html: string): string {
  const withoutCode = html.replaceAll(/<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, " ");
  return withoutCode
    .replaceAll(/<[^<>]{0,10000}>/g, "\n")
    .replaceAll(/[^\S\n]+/g, " ")
    .replaceAll(/\s*\n\s*/g, "\n")
    .trim();
}

/** Its title, and what its links are relative to; browsers find them anywhere, people write them in the head. */
function findHead(document: Parsed, address: URL): { title: string; base: URL } {
  const html = document.childNodes.find((node) => node.nodeName === "html") as ParsedElement | undefined;
  const head = html?.childNodes.find((node) => node.nodeName === "head") as ParsedElement | undefined;
  const find = (tag: string) =>
    head?.childNodes.find((node) => node.nodeName === tag) as ParsedElement | undefined;
  const words = (find("title")?.childNodes ?? []).map((node) => ("value" in node ? node.value : ""));
  const base = absolute(attributesOf(find("base")).href, address);
  return { title: words.join("").replaceAll(/\s+/g, " ").trim(), base: new URL(base ?? address) };
}

function readChildren(parent: Parsed, children: PageNode[], base: URL, depth: number): void {
  for (const node of parent.childNodes) {
    if (node.nodeName === "#text") children.push((node as DefaultTreeAdapterTypes.TextNode).value);
    else if ("tagName" in node && depth < maxDepth) readElement(node, children, base, depth);
    else if ("tagName" in node) readWords(node, children);
  }
}

/** The texts below an element, however deep. */
function readWords(element: ParsedElement, words: PageNode[]): void {
  const open: DefaultTreeAdapterTypes.ChildNode[] = [element];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.nodeName === "#text") words.push((node as DefaultTreeAdapterTypes.TextNode).value);
    if (!("tagName" in node) || droppedTags.has(node.tagName)) continue;
    for (let index = node.childNodes.length - 1; index >= 0; index--) {
      const child = node.childNodes[index];
      if (child) open.push(child);
    }
  }
}

function readElement(element: ParsedElement, children: PageNode[], base: URL, depth: number): void {
  const { tagName: tag, parentNode } = element;
  if (droppedTags.has(tag)) return;
  const attributes = attributesOf(element);
  if (isHidden(attributes) || droppedRoles.has(attributes.role ?? "")) return;
  // The head of the page, unlike that of an article.
  if (tag === "header" && parentNode?.nodeName === "body") return;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) if (keptAttributes.has(name)) kept[name] = value;
  const link = tag === "a" ? "href" : tag === "img" ? "src" : undefined;
  const target = link && absolute(attributes[link], base);
  if (link && target !== undefined) kept[link] = target;
  const read: PageElement = { tag, attributes: kept, children: [] };
  // Of what cannot be opened only the words are of use.
  const isOpenable = !link || target !== undefined;
  if (isOpenable) children.push(read);
  readChildren(element, isOpenable ? read.children : children, base, depth + 1);
}

/** Not shown by a browser, and not for the reader either. */
function isHidden({ hidden, style, "aria-hidden": aria }: Record<string, string>): boolean {
  if (hidden !== undefined || aria === "true") return true;
  return style !== undefined && /display\s*:\s*none|visibility\s*:\s*hidden/i.test(style);
}

function attributesOf(element: ParsedElement | undefined): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const { name, value } of element?.attrs ?? []) attributes[name] = value;
  return attributes;
}

/** Undefined for what cannot be opened: scripts, data, mail. */
function absolute(reference: string | undefined, base: URL): string | undefined {
  if (reference === undefined || !URL.canParse(reference, base.href)) return undefined;
  const url = new URL(reference, base);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
}

/** `main`, or the one `article`, where the page says which part it is and enough of it stands there. */
function findMain(page: PageElement): PageElement | undefined {
  const elements = elementsBelow(page);
  const main = elements.find(({ tag, attributes }) => tag === "main" || attributes.role === "main");
  const articles = elements.filter(({ tag }) => tag === "article");
  const enough = lengthOf(page) * mainShare;
  return [main, articles.length === 1 ? articles[0] : undefined].find(
    (each) => each !== undefined && lengthOf(each) >= enough,
  );
}

function lengthOf(page: PageElement): number {
  return [page, ...elementsBelow(page)].reduce(
    (sum, { children }) =>
      sum +
      children.reduce((length, child) => length + (typeof child === "string" ? child.trim().length : 0), 0),
    0,
  );
}
