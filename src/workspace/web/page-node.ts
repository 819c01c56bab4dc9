/** A part of a page that is worth reading: a text, or an element with what is needed of it. */
export type PageNode = string | PageElement;

export interface PageElement {
  tag: string;
  attributes: Readonly<Record<string, string>>;
  children: PageNode[];
}

/** Elements below one, in their order; iterative. */
export function elementsBelow(element: PageElement): PageElement[] {
  const found: PageElement[] = [];
  const open = element.children.toReversed();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node === "string") continue;
    found.push(node);
    for (let index = node.children.length - 1; index >= 0; index--) open.push(node.children[index] ?? "");
  }
  return found;
}
