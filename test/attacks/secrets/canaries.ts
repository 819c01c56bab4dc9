import { randomBytes } from "node:crypto";

/** A secret that is known again in whatever form. */
export interface Canary {
  name: string;
  value: string;
}

/** A new secret, with what is escaped in addresses and in JSON. */
export function makeCanary(name: string, decoration = "/+=%&"): Canary {
  return { name, value: `canary${randomBytes(16).toString("hex")}${decoration}` };
}

/** What of a value stays the same when it is escaped. */
function coreOf(value: string): string {
  return value.match(/[A-Za-z0-9_-]{16,}/g)?.at(-1) ?? value;
}

/** The forms in which a secret may turn up. */
export function formsOf({ value }: Canary): string[] {
  const core = coreOf(value);
  const bytes = Buffer.from(core);
  const base64 = [0, 1, 2].map((shift) => {
    // Of the characters, those that do not depend on what stands before and after.
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replaceAll("=", "");
    return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
  return [
    core,
    [...core].reverse().join(""),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    [...bytes].map((byte) => `%${byte.toString(16)}`).join(""),
    [...core].map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
  ];
}

/** Which secrets stand in a text, by name. */
export function findSecrets(text: string, canaries: readonly Canary[]): string[] {
  return canaries
    .filter((canary) => formsOf(canary).some((form) => text.includes(form)))
    .map(({ name }) => name);
}
