import { AlignmentType, type ILevelsOptions, LevelFormat, type NumberingDefinition } from "docx";
import { indentStep } from "../page.ts";
import { fonts } from "../styles.ts";

/** Word knows nine levels. */
export const deepestLevel = 8;

export type ItemMark = "bullet" | "open" | "done";

/** What a list paragraph refers to. */
export interface NumberingReference {
  reference: string;
  level: number;
  instance: number;
}

const bullets = ["•", "◦", "▪"];

/** The lists of one document: every ordered list counts for itself. */
export class Numbering {
  #instances = 0;
  readonly #starts = new Set<number>();

  /** The counter of a new ordered list that begins with `start`. */
  order(start: number, level: number): NumberingReference {
    this.#starts.add(start);
    this.#instances += 1;
    return { reference: `ordered-${start}`, level: Math.min(level, deepestLevel), instance: this.#instances };
  }

  mark(mark: ItemMark, level: number): NumberingReference {
    return { reference: mark, level: Math.min(level, deepestLevel), instance: 0 };
  }

  /** What the document has to declare, once everything is mapped. */
  definitions(): NumberingDefinition[] {
    const ordered = [...this.#starts].map((start) => ({
      reference: `ordered-${start}`,
      levels: levels((level) => ({ format: LevelFormat.DECIMAL, text: `%${level + 1}.`, start })),
    }));
    const marks = [
      { reference: "bullet", levels: levels((level) => symbol(bullets[level % 3] ?? "•", fonts.bullet)) },
      { reference: "open", levels: levels(() => symbol("☐", fonts.symbol)) },
      { reference: "done", levels: levels(() => symbol("☑", fonts.symbol)) },
    ];
    return [...marks, ...ordered];
  }
}

function symbol(text: string, font: (typeof fonts)["bullet" | "symbol"]) {
  return { format: LevelFormat.BULLET, text, style: { run: { font } } };
}

function levels(describe: (level: number) => Partial<ILevelsOptions>): ILevelsOptions[] {
  return Array.from({ length: deepestLevel + 1 }, (_, level) => {
    const { style, ...rest } = describe(level);
    const indent = { left: indentStep * (level + 1), hanging: indentStep };
    const alignment = AlignmentType.LEFT;
    return { level, alignment, ...rest, style: { ...style, paragraph: { indent } } };
  });
}
