import { decodeName } from "../files/name-codec.ts";

/** Splits names that come in pieces, each with `end` (a control character) behind it; `take` says whether more is wanted. */
export function splitNames(end: string, take: (name: string) => boolean): (chunk: Uint8Array) => boolean {
  const code = end.charCodeAt(0);
  let rest: Uint8Array = new Uint8Array();
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const last = bytes.lastIndexOf(code);
    rest = bytes.slice(last + 1);
    if (last < 0) return true;
    // All at once: to decode each by itself takes five times as long.
    for (const name of decodeName(bytes.subarray(0, last)).split(end)) {
      if (!take(name)) return false;
    }
    return true;
  };
}

/** A path as ripgrep gives it, from the directory's root. */
export function fromRoot(path: string): string {
  return path.startsWith("./") ? path.slice(2) : path;
}
