import { elementsBelow, type PageElement, type PageNode } from "./page-node.ts";

/** What stands in a line; anything else begins a block of its own. */
const inlineTags: ReadonlySet<string> = new Set(
  "a abbr b bdi bdo br cite code data del dfn em font i img ins kbd label mark q rp rt ruby s samp small span strike strong sub sup time tt u var wbr".split(
    " ",
  ),
);
const marks: Record<string, string> = { strong: "**", b: "**", em: "_", i: "_", del: "~~", s: "~~" };

/**
 * Markdown of a pruned tree whose links are absolute, for reading: nothing is escaped but what would break a link or a
 * table. Linear in the tree but for quotes and lists, which are indented once for each level.
 */
export function writeMarkdown(children: readonly PageNode[]): string {
  const blocks: string[] = [];
  writeBlocks(children, blocks);
  return blocks.join("\n\n");
}

function writeBlocks(children: readonly PageNode[], blocks: string[]): void {
  let line: string[] = [];
  const endLine = (): void => {
    const text = tidy(line.join(""));
    if (text !== "") blocks.push(text);
    line = [];
  };
  for (const child of children) {
    if (typeof child === "string" || isInline(child)) {
      line.push(inline(child));
    } else {
      endLine();
      writeBlock(child, blocks);
    }
  }
  endLine();
}

function isInline({ tag }: PageElement): boolean {
  return inlineTags.has(tag);
}

function writeBlock(element: PageElement, blocks: string[]): void {
  const { tag, children } = element;
  const add = (text: string): void => {
    if (text !== "") blocks.push(text);
  };
  if (/^h[1-6]$/.test(tag)) {
    const title = oneLine(children);
    if (title !== "") blocks.push(`${"#".repeat(Number(tag[1]))} ${title}`);
  } else if (tag === "ul" || tag === "ol") add(writeList(element));
  else if (tag === "blockquote") add(prefix(writeMarkdown(children), "> ", "> "));
  else if (tag === "pre") add(writeCode(element));
  else if (tag === "hr") blocks.push("---");
  else if (tag === "table" && !isLayout(element)) add(writeTable(element));
  else writeBlocks(children, blocks);
}

function writeList({ tag, children, attributes }: PageElement): string {
  let number = Number(attributes.start ?? 1) || 1;
  const items: string[] = [];
  for (const child of children) {
    if (typeof child === "string") continue;
    const blocks: string[] = [];
    writeBlocks(child.tag === "li" ? child.children : [child], blocks);
    if (blocks.length === 0) continue;
    const marker = tag === "ol" ? `${number++}. ` : "- ";
    items.push(prefix(blocks.join("\n"), marker, " ".repeat(marker.length)));
  }
  return items.join("\n");
}

function prefix(text: string, first: string, others: string): string {
  if (text === "") return "";
  return first + text.replaceAll("\n", `\n${others}`);
}

function writeCode(element: PageElement): string {
  const code = rawText(element).replace(/^\n/, "").trimEnd();
  if (code === "") return "";
  const inner = element.children.find((child) => typeof child !== "string");
  const classes = `${inner?.attributes.class ?? ""} ${element.attributes.class ?? ""}`.split(/\s+/);
  const language = classes.map((name) => /^lang(?:uage)?-([\w+#.-]{1,20})$/.exec(name)?.[1]).find(Boolean);
  const longest = (code.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return `${fence}${language ?? ""}\n${code}\n${fence}`;
}

/** Whether a table only places parts of the page: what no cell of a table of data holds. */
function isLayout(table: PageElement): boolean {
  return elementsBelow(table).some(({ tag }) => /^(table|h[1-6]|pre|blockquote|article|section)$/.test(tag));
}

function writeTable(table: PageElement): string {
  const rows = elementsBelow(table)
    .filter(({ tag }) => tag === "tr")
    .map(({ children }) =>
      children.flatMap((cell) =>
        typeof cell !== "string" && (cell.tag === "td" || cell.tag === "th")
          ? [oneLine(cell.children).replaceAll("|", "\\|")]
          : [],
      ),
    )
    .filter((cells) => cells.some((cell) => cell !== ""));
  const width = rows.reduce((most, { length }) => Math.max(most, length), 0);
  const [head, ...body] = rows;
  if (!head) return "";
  const caption = elementsBelow(table).find(({ tag }) => tag === "caption");
  const row = (cells: string[]): string => `| ${cells.join(" | ")}${" |".repeat(width - cells.length)} |`;
  const lines = [row(head), `|${" - |".repeat(width)}`, ...body.map(row)];
  const title = caption ? oneLine(caption.children) : "";
  return title === "" ? lines.join("\n") : `${title}\n\n${lines.join("\n")}`;
}

function inline(node: PageNode): string {
  if (typeof node === "string") return node.replaceAll(/\s+/g, " ");
  const { tag, attributes, children } = node;
  if (tag === "br") return "\n";
  if (tag === "img") {
    const alt = tidy(attributes.alt ?? "");
    return alt === "" ? "" : `![${alt.replaceAll("]", "\\]")}](${target(attributes.src)})`;
  }
  const text = children.map(inline).join("");
  // What begins a block stands apart, also where only one line is wanted.
  if (!isInline(node)) return ` ${text} `;
  if (tag === "a") {
    const words = text.replaceAll(/\s+/g, " ").trim();
    return words === ""
      ? ""
      : around(
          text,
          `[${words.replaceAll("]", "\\]").replaceAll("\\\\]", "\\]")}](${target(attributes.href)})`,
        );
  }
  const mark = tag === "code" || tag === "kbd" || tag === "samp" ? "`" : marks[tag];
  const words = text.trim();
  if (mark === undefined || words === "" || words.includes("\n")) return text;
  return around(text, `${mark}${words}${mark}`);
}

/** The marked words with the white space that stood around them outside of the marks. */
function around(text: string, marked: string): string {
  return `${/^\s/.test(text) ? " " : ""}${marked}${/\s$/.test(text) ? " " : ""}`;
}

function target(address = ""): string {
  return address.replaceAll("(", "%28").replaceAll(")", "%29");
}

function oneLine(children: readonly PageNode[]): string {
  return children.map(inline).join("").replaceAll(/\s+/g, " ").trim();
}

/** No two spaces in a row, none around a line's end, and no empty lines. */
function tidy(text: string): string {
  return text
    .replaceAll(/[^\S\n]+/g, " ")
    .replaceAll(/ ?\n[ \n]*/g, "\n")
    .trim();
}

function rawText(node: PageNode): string {
  if (typeof node === "string") return node;
  return node.tag === "br" ? "\n" : node.children.map(rawText).join("");
}
