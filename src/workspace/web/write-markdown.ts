import type { Element, ElementContent, Nodes, RootContent } from "hast";

type Child = RootContent | ElementContent;

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
export function writeMarkdown(children: readonly Child[]): string {
  const blocks: string[] = [];
  writeBlocks(children, blocks);
  return blocks.join("\n\n");
}

function writeBlocks(children: readonly Child[], blocks: string[]): void {
  let line: string[] = [];
  const endLine = (): void => {
    const text = tidy(line.join(""));
    if (text !== "") blocks.push(text);
    line = [];
  };
  for (const child of children) {
    if (child.type === "text" || (child.type === "element" && isInline(child))) {
      line.push(inline(child));
    } else if (child.type === "element") {
      endLine();
      writeBlock(child, blocks);
    }
  }
  endLine();
}

function isInline({ tagName }: Element): boolean {
  return inlineTags.has(tagName);
}

function writeBlock(element: Element, blocks: string[]): void {
  const { tagName, children } = element;
  const add = (text: string): void => {
    if (text !== "") blocks.push(text);
  };
  if (/^h[1-6]$/.test(tagName)) {
    const title = oneLine(children);
    if (title !== "") blocks.push(`${"#".repeat(Number(tagName[1]))} ${title}`);
  } else if (tagName === "ul" || tagName === "ol") add(writeList(element));
  else if (tagName === "blockquote") add(prefix(writeMarkdown(children), "> ", "> "));
  else if (tagName === "pre") add(writeCode(element));
  else if (tagName === "hr") blocks.push("---");
  else if (tagName === "table" && !isLayout(element)) add(writeTable(element));
  else writeBlocks(children, blocks);
}

function writeList({ tagName, children, properties }: Element): string {
  let number = Number(properties.start ?? 1) || 1;
  const items: string[] = [];
  for (const child of children) {
    if (child.type !== "element") continue;
    const blocks: string[] = [];
    writeBlocks(child.tagName === "li" ? child.children : [child], blocks);
    if (blocks.length === 0) continue;
    const marker = tagName === "ol" ? `${number++}. ` : "- ";
    items.push(prefix(blocks.join("\n"), marker, " ".repeat(marker.length)));
  }
  return items.join("\n");
}

function prefix(text: string, first: string, others: string): string {
  if (text === "") return "";
  return first + text.replaceAll("\n", `\n${others}`);
}

function writeCode(element: Element): string {
  const code = rawText(element).replace(/^\n/, "").trimEnd();
  if (code === "") return "";
  const inner = element.children.find((child) => child.type === "element");
  const names = [inner, element].flatMap((each) => (each ? [each.properties.className] : [])).flat();
  const language = names
    .map((name) => /^lang(?:uage)?-([\w+#.-]{1,20})$/.exec(String(name))?.[1])
    .find(Boolean);
  const longest = (code.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return `${fence}${language ?? ""}\n${code}\n${fence}`;
}

/** Whether a table only places parts of the page: what no cell of a table of data holds. */
function isLayout(table: Element): boolean {
  return descendants(table).some(({ tagName }) =>
    /^(table|h[1-6]|pre|blockquote|article|section)$/.test(tagName),
  );
}

function writeTable(table: Element): string {
  const rows = descendants(table)
    .filter(({ tagName }) => tagName === "tr")
    .map(({ children }) =>
      children.flatMap((cell) =>
        cell.type === "element" && (cell.tagName === "td" || cell.tagName === "th")
          ? [oneLine(cell.children).replaceAll("|", "\\|")]
          : [],
      ),
    )
    .filter((cells) => cells.some((cell) => cell !== ""));
  const width = rows.reduce((most, { length }) => Math.max(most, length), 0);
  const [head, ...body] = rows;
  if (!head) return "";
  const caption = descendants(table).find(({ tagName }) => tagName === "caption");
  const row = (cells: string[]): string => `| ${cells.join(" | ")}${" |".repeat(width - cells.length)} |`;
  const lines = [row(head), `|${" - |".repeat(width)}`, ...body.map(row)];
  const title = caption ? oneLine(caption.children) : "";
  return title === "" ? lines.join("\n") : `${title}\n\n${lines.join("\n")}`;
}

/** Elements below one, in their order; iterative. */
function descendants(element: Element): Element[] {
  const found: Element[] = [];
  const open: ElementContent[] = element.children.toReversed();
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.type !== "element") continue;
    found.push(node);
    for (let index = node.children.length - 1; index >= 0; index--)
      open.push(node.children[index] as ElementContent);
  }
  return found;
}

function inline(node: Child): string {
  if (node.type === "text") return node.value.replaceAll(/\s+/g, " ");
  if (node.type !== "element") return "";
  const { tagName, properties, children } = node;
  if (tagName === "br") return "\n";
  if (tagName === "img") {
    const alt = tidy(String(properties.alt ?? ""));
    return alt === "" ? "" : `![${alt.replaceAll("]", "\\]")}](${target(properties.src)})`;
  }
  const text = children.map(inline).join("");
  // What begins a block stands apart, also where only one line is wanted.
  if (!isInline(node)) return ` ${text} `;
  if (tagName === "a") {
    const words = text.replaceAll(/\s+/g, " ").trim();
    return words === ""
      ? ""
      : around(
          text,
          `[${words.replaceAll("]", "\\]").replaceAll("\\\\]", "\\]")}](${target(properties.href)})`,
        );
  }
  const mark = tagName === "code" || tagName === "kbd" || tagName === "samp" ? "`" : marks[tagName];
  const words = text.trim();
  if (mark === undefined || words === "" || words.includes("\n")) return text;
  return around(text, `${mark}${words}${mark}`);
}

/** The marked words with the white space that stood around them outside of the marks. */
function around(text: string, marked: string): string {
  return `${/^\s/.test(text) ? " " : ""}${marked}${/\s$/.test(text) ? " " : ""}`;
}

function target(address: unknown): string {
  return String(address).replaceAll("(", "%28").replaceAll(")", "%29");
}

function oneLine(children: readonly Child[]): string {
  return children.map(inline).join("").replaceAll(/\s+/g, " ").trim();
}

/** No two spaces in a row, none around a line's end, and no empty lines. */
function tidy(text: string): string {
  return text
    .replaceAll(/[^\S\n]+/g, " ")
    .replaceAll(/ ?\n[ \n]*/g, "\n")
    .trim();
}

function rawText(node: Nodes): string {
  if (node.type === "text") return node.value;
  if (node.type === "element" && node.tagName === "br") return "\n";
  return "children" in node ? node.children.map(rawText).join("") : "";
}
