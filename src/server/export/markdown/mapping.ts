import type { Definition, FootnoteDefinition, Nodes, Root } from "mdast";
import type { Words } from "../words.ts";
import type { Numbering } from "./numbering.ts";
import type { Picture } from "./picture.ts";

/** What the whole document shares. */
export interface DocumentParts {
  words: Words;
  /** By workspace path. */
  pictures: ReadonlyMap<string, Picture>;
  numbering: Numbering;
}

/** What mapping one message needs to know. */
export interface Mapping extends DocumentParts {
  definitions: ReadonlyMap<string, Definition>;
  footnotes: ReadonlyMap<string, FootnoteDefinition>;
  /** Footnotes that have been set already: a second mention does not repeat the text. */
  mentioned: Set<string>;
  /** A person's line ends are meant; a model's only wrap its text. */
  keepLineEnds: boolean;
}

export function createMapping(parts: DocumentParts, tree: Root, keepLineEnds: boolean): Mapping {
  const definitions = new Map<string, Definition>();
  const footnotes = new Map<string, FootnoteDefinition>();
  for (const node of walk(tree)) {
    // The first definition of a name counts.
    if (node.type === "definition" && !definitions.has(node.identifier)) {
      definitions.set(node.identifier, node);
    } else if (node.type === "footnoteDefinition" && !footnotes.has(node.identifier)) {
      footnotes.set(node.identifier, node);
    }
  }
  return { ...parts, definitions, footnotes, mentioned: new Set(), keepLineEnds };
}

/** Every node of a tree, in the order of the text. */
export function* walk(tree: Nodes): Generator<Nodes> {
  const stack: Nodes[] = [tree];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    yield node;
    if ("children" in node) stack.push(...node.children.toReversed());
  }
}

/** The words of a node and all below it. */
export function plainText(tree: Nodes): string {
  let text = "";
  for (const node of walk(tree)) if ("value" in node) text += node.value;
  return text;
}
