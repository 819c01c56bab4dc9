import { isUtf8 } from "node:buffer";

/**
 * Names on a Linux disk are bytes, and need not be UTF-8. As text, each byte that belongs to no valid character
 * stands as U+EF00 + byte (U+EF80 to U+EFFF, of a private use area); so does each byte of a character of that
 * very range, so that two names on the disk never look the same, and every name leads back to its bytes.
 */
const escapeBase = 0xef00;
const escapes = /[\uEF80-\uEFFF]/;

/** A name on the disk as text. */
export function decodeName(bytes: Uint8Array): string {
  if (isUtf8(bytes)) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
    if (!escapes.test(text)) return text;
  }
  let text = "";
  for (let start = 0; start < bytes.length; ) {
    const character = characterAt(bytes, start);
    if (character === null || escapes.test(character.text)) {
      const end = start + (character?.length ?? 1);
      for (; start < end; start++) text += String.fromCharCode(escapeBase + (bytes[start] ?? 0));
    } else {
      text += character.text;
      start += character.length;
    }
  }
  return text;
}

/** The bytes of a name, or of a whole path, that is given as text. */
export function encodeName(text: string): Buffer {
  if (!escapes.test(text)) return Buffer.from(text);
  const parts = text.split(/([\uEF80-\uEFFF])/);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 0 ? Buffer.from(part) : Buffer.from([part.charCodeAt(0) - escapeBase]),
    ),
  );
}

/** Whether text is how `decodeName` spells some name: what escapes valid characters would be a second name of the same file. */
export function isNameSpelling(text: string): boolean {
  return !escapes.test(text) || decodeName(encodeName(text)) === text;
}

/** Whether text stands for itself on the disk; processes can be started only in directories of such names. */
export function isPlainName(text: string): boolean {
  return !escapes.test(text);
}

/** How a name is handed to the system: as text where that says the same. */
export function toSystemName(text: string): string | Buffer {
  return escapes.test(text) ? encodeName(text) : text;
}

/** The one character that starts there; null where none does. */
function characterAt(bytes: Uint8Array, start: number): { text: string; length: number } | null {
  for (let length = 1; length <= 4 && start + length <= bytes.length; length++) {
    const piece = bytes.subarray(start, start + length);
    if (isUtf8(piece)) return { text: Buffer.from(piece).toString("utf8"), length };
  }
  return null;
}
