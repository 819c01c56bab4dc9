const hidden = /(?![\t\n])\p{Cc}|[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;
/** Stand for bytes of file names that are no UTF-8. */
const noText = /[\uef80-\uefff]/g;

/**
 * A text with what would not be seen in it, or would turn it around, spelt out: `发票\u202efdp.exe` must not read as a
 * PDF. For names, and for what a person gives leave to.
 */
export function showHidden(text: string): string {
  return text
    .replace(
      hidden,
      (character) => `⟨${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
    )
    .replace(noText, "\ufffd");
}
