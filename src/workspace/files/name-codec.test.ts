import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeName, encodeName, isNameSpelling } from "./name-codec.ts";

/** Bytes as names have them: noise, text, halves of characters, and the escapes' own range. */
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 6 }),
  fc.string({ unit: "grapheme" }).map((text) => Uint8Array.from(Buffer.from(text))),
  fc.constantFrom("水泥", "\uEF80", "\uEFFF", "\uEF7F", "\uF000", "\uFFFD", "😀").chain((text) => {
    const bytes = Uint8Array.from(Buffer.from(text));
    return fc.integer({ min: 0, max: bytes.length }).map((length) => bytes.subarray(0, length));
  }),
);
const name = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.concat(pieces));

test("every name on the disk leads from bytes to text and back", () => {
  fc.assert(
    fc.property(name, (bytes) => {
      const text = decodeName(bytes);
      expect(encodeName(text)).toEqual(bytes);
      expect(text.isWellFormed()).toBe(true);
      expect(isNameSpelling(text)).toBe(true);
      // Nothing that means something in a path comes out of an escape.
      expect(text.split(/[/\0.]/).length).toBe(bytes.toString("latin1").split(/[/\0.]/).length);
    }),
    { numRuns: 3_000, examples: [[Buffer.from("水\xff泥", "latin1")], [Buffer.from("\uEF80")]] },
  );
});

test("a text is a name's spelling, or it is none; no two texts spell the same name", () => {
  const text = fc.array(fc.constantFrom("a", "水", "\uEF80", "\uEFE4", "\uEFBD", "\uEFA0", "\uEFBE"), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(text, (characters) => {
      const spelled = characters.join("");
      const bytes = encodeName(spelled);
      expect(isNameSpelling(spelled)).toBe(decodeName(bytes) === spelled);
    }),
    { numRuns: 3_000 },
  );
  // The bytes of 你, escaped one by one.
  expect(encodeName("\uEFE4\uEFBD\uEFA0").toString()).toBe("你");
  expect(isNameSpelling("\uEFE4\uEFBD\uEFA0")).toBe(false);
});

test("names that are UTF-8 stay as they are", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const bytes = Buffer.from(text);
      if (!isUtf8(bytes) || /[\uEF80-\uEFFF]/.test(text)) return;
      expect(decodeName(bytes)).toBe(text);
      expect(encodeName(text)).toEqual(bytes);
    }),
  );
});
