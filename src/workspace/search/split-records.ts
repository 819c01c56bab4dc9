import { decodeName } from "../files/name-codec.ts";

const empty = new Uint8Array();

/** Splits bytes that come in pieces at each `end`; `take` is given what stands between, and says whether more is wanted. */
export function splitRecords(
  end: number,
  take: (record: Uint8Array) => boolean,
): (chunk: Uint8Array) => boolean {
  let rest: Uint8Array = empty;
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let stop = bytes.indexOf(end); stop >= 0; stop = bytes.indexOf(end, start)) {
      const isWanted = take(bytes.subarray(start, stop));
      start = stop + 1;
      if (!isWanted) return false;
    }
    rest = start < bytes.length ? bytes.slice(start) : empty;
    return true;
  };
}

/** A path as ripgrep gives it, from the directory's root. */
export function decodePath(bytes: Uint8Array): string {
  return decodeName(bytes).replace(/^\.\//, "");
}
