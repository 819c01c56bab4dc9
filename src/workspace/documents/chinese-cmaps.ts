/**
 * How the codes of fonts that a PDF does not bring along stand for characters: old Chinese PDFs name the encoding and leave the rest
 * to the reader. The tables that Adobe publishes number glyphs (CIDs); for text alone numbers of our own will do,
 * made from what the platform's decoders know. They begin above all of Adobe's, so that a font which does use Adobe's
 * numbers gets no wrong characters.
 */
const firstOwnNumber = 0x7800;

interface Collection {
  /** Of the platform's decoder. */
  encoding: string;
  /** Names of encodings by these bytes, and by UTF-16, without their direction. */
  byBytes: RegExp;
  byUnicode: RegExp;
  /** Name of the table from glyphs to characters. */
  characters: string;
}

const collections: Collection[] = [
  {
    encoding: "gbk",
    byBytes: /^(GB-EUC|GBpc-EUC|GBK-EUC|GBKp-EUC|GBK2K)-[HV]$/,
    byUnicode: /^UniGB-(UCS2|UTF16)-[HV]$/,
    characters: "Adobe-GB1-UCS2",
  },
  {
    encoding: "big5",
    byBytes: /^(B5pc|ETen-B5|ETenms-B5)-[HV]$/,
    byUnicode: /^UniCNS-(UCS2|UTF16)-[HV]$/,
    characters: "Adobe-CNS1-UCS2",
  },
];

/** Serves the tables that PDF.js asks for; others it does without. */
export class ChineseCmaps {
  async fetch({ kind, filename }: { kind: string; filename: string }): Promise<Uint8Array> {
    const table = kind === "cMapUrl" ? makeTable(filename) : undefined;
    if (table === undefined) throw new Error(`There is no ${filename}.`);
    return Buffer.from(table);
  }
}

function makeTable(name: string): string | undefined {
  for (const { encoding, byBytes, byUnicode, characters } of collections) {
    const isBytes = byBytes.test(name);
    if (!isBytes && !byUnicode.test(name) && name !== characters) continue;
    const known = listCharacters(encoding);
    const rows = known.map(({ code, unicode }, index) => {
      const number = firstOwnNumber + index;
      if (name === characters) return `<${hex(number, 4)}> <${hex(unicode, 4)}>`;
      return `<${isBytes ? hex(code, code < 0x100 ? 2 : 4) : hex(unicode, 4)}> ${number}`;
    });
    // Adobe's own numbers stand for what is not known here; left out, they would pass for characters themselves.
    if (name === characters) {
      for (let number = 1; number < firstOwnNumber; number++) rows.push(`<${hex(number, 4)}> <FFFD>`);
    }
    const what = name === characters ? "bfchar" : "cidchar";
    const space = isBytes ? "<00> <80> <8140> <FEFE>" : "<0000> <FFFF>";
    return `begincmap\n/CMapName /${name} def\n${isBytes ? 2 : 1} begincodespacerange ${space} endcodespacerange\n${rows.length} begin${what}\n${rows.join("\n")}\nend${what}\nendcmap\n`;
  }
  return undefined;
}

interface Character {
  code: number;
  unicode: number;
}

const lists = new Map<string, Character[]>();

/** All characters of an encoding of one or two bytes, each once. */
function listCharacters(encoding: string): Character[] {
  const known = lists.get(encoding);
  if (known) return known;
  const decoder = new TextDecoder(encoding);
  const characters = new Map<number, Character>();
  const add = (code: number, bytes: number[]): void => {
    const text = decoder.decode(Uint8Array.from(bytes));
    const unicode = text.charCodeAt(0);
    if (text.length === 1 && unicode !== 0xfffd && !characters.has(unicode))
      characters.set(unicode, { code, unicode });
  };
  for (let code = 0x20; code < 0x7f; code++) add(code, [code]);
  for (let lead = 0x81; lead < 0xff; lead++) {
    for (let trail = 0x40; trail < 0xff; trail++) add(lead * 0x100 + trail, [lead, trail]);
  }
  const list = [...characters.values()];
  lists.set(encoding, list);
  return list;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
