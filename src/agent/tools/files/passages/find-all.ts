/** A text, or its lines, as numbers: what is equal has the same. */
export type Sequence = Uint16Array | Int32Array;

/** The characters of a text. */
export function toUnits(text: string): Uint16Array {
  const bytes = Buffer.from(text, "utf16le");
  // A small buffer is a part of a shared one, which may begin anywhere.
  const isAligned = bytes.byteOffset % 2 === 0;
  if (isAligned) return new Uint16Array(bytes.buffer, bytes.byteOffset, text.length);
  return new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/**
 * Where the passage stands in the text, without overlaps, null for more than `max` places; in linear time (Knuth, Morris,
 * Pratt): the engine's own search took minutes for a passage of 10,000 characters that is nearly everywhere in a text of 10 MB.
 */
export function findAll(text: Sequence, passage: Sequence, max: number): number[] | null {
  /** How much of the passage is still in place where the character after so much of it does not fit. */
  const kept = new Int32Array(passage.length + 1);
  for (let index = 1, length = 0; index < passage.length; index++) {
    while (length > 0 && passage[index] !== passage[length]) length = kept[length] ?? 0;
    if (passage[index] === passage[length]) length++;
    kept[index + 1] = length;
  }
  const places: number[] = [];
  for (let index = 0, length = 0; index < text.length; index++) {
    while (length > 0 && text[index] !== passage[length]) length = kept[length] ?? 0;
    if (text[index] === passage[length]) length++;
    if (length < passage.length) continue;
    if (places.length === max) return null;
    places.push(index + 1 - length);
    length = 0;
  }
  return places;
}

/** The one place where the passage stands in the text; null where it does not, or more than once. */
export function findOnly(text: Sequence, passage: Sequence): number | null {
  const places = findAll(text, passage, 1);
  return places?.[0] ?? null;
}
