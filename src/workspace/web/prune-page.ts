import type { Element, ElementContent, Nodes, Parents, Root } from "hast";

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
const layoutMarks = /^(table|h[1-6]|pre|blockquote|article|section|ul|ol)$/;
const tableParts = /^(table|tbody|thead|tfoot|tr|td|th)$/;
/** No page made for people comes near; of what is deeper the words are kept. The library walks by recursion. */
const maxDepth = 300;

/** Leaves of a page, in place, what is worth reading, with absolute links. */
export function prunePage(tree: Root, base: URL): void {
  flatten(tree);
  prune(tree, base, false);
}

/** Iterative, for the tree may be deeper than any recursion. */
function flatten(tree: Root): void {
  let level: Parents[] = [tree];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    level = level.flatMap((parent) =>
      (parent.children as Nodes[]).filter((child) => child.type === "element"),
    );
  }
  for (const parent of level) {
    parent.children = wordsBelow(parent).map((value) => ({ type: "text", value })) as typeof parent.children;
  }
}

function wordsBelow(parent: Parents): string[] {
  const words: string[] = [];
  const open: Nodes[] = [parent];
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.type === "text") words.push(node.value);
    if (!("children" in node) || (node.type === "element" && droppedTags.has(node.tagName))) continue;
    for (const child of node.children.toReversed()) open.push(child);
  }
  return words;
}

function prune(parent: Parents, base: URL, isInCell: boolean): void {
  const kept: ElementContent[] = [];
  for (const child of parent.children) {
    if (child.type === "text") kept.push(child);
    if (child.type !== "element" || isDropped(child, parent)) continue;
    if (child.tagName === "table" && isLayout(child)) makeBlocks(child);
    prune(child, base, isInCell || child.tagName === "td" || child.tagName === "th");
    if (child.tagName === "a") {
      const href = absolute(child.properties.href, base);
      // Of what cannot be opened only the words are of use.
      if (href === undefined) kept.push(...child.children);
      else kept.push({ ...child, properties: { href } });
    } else if (child.tagName === "img") {
      const src = absolute(child.properties.src, base);
      const { alt } = child.properties;
      if (src !== undefined && alt) kept.push({ ...child, properties: { src, alt } });
    } else {
      kept.push(child);
      // A cell is one line: without a space the last word of a part and the first of the next would be one.
      if (isInCell && /^(p|div|br)$/.test(child.tagName)) {
        child.tagName = "span";
        kept.push({ type: "text", value: " " });
      }
    }
  }
  parent.children = kept;
}

/** Whether a table only places parts of the page, as old ones do: it holds what no cell of a table of data holds. */
function isLayout(table: Element): boolean {
  const open = table.children.slice();
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.type !== "element") continue;
    if (layoutMarks.test(node.tagName)) return true;
    for (const child of node.children) open.push(child);
  }
  return false;
}

/** Its parts become blocks, down to the tables within. */
function makeBlocks(table: Element): void {
  const open: Element[] = [table];
  for (let element = open.pop(); element; element = open.pop()) {
    if (!tableParts.test(element.tagName)) continue;
    element.tagName = "div";
    for (const child of element.children) {
      if (child.type === "element" && child.tagName !== "table") open.push(child);
    }
  }
}

function isDropped({ tagName, properties }: Element, parent: Parents): boolean {
  if (droppedTags.has(tagName) || properties.hidden === true) return true;
  if (properties.ariaHidden === "true" || droppedRoles.has(String(properties.role))) return true;
  // What a browser does not show is not for the reader either.
  if (/display\s*:\s*none|visibility\s*:\s*hidden/i.test(String(properties.style ?? ""))) return true;
  // The head of the page, unlike that of an article.
  return tagName === "header" && parent.type === "element" && parent.tagName === "body";
}

/** Without brackets, which markdown would have to escape; undefined for what cannot be opened: scripts, data, mail. */
export function absolute(reference: unknown, base: URL): string | undefined {
  if (typeof reference !== "string" || !URL.canParse(reference, base.href)) return undefined;
  const url = new URL(reference, base);
  return url.protocol === "http:" || url.protocol === "https:"
    ? url.href.replaceAll("(", "%28").replaceAll(")", "%29")
    : undefined;
}
