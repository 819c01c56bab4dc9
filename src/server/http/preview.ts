import { type FileHeaders, nameParameter } from "./download.ts";

/** Markup is shown as it is laid out, and can do nothing: no script, no form, nothing fetched, an origin of its own. */
const markup =
  "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/** What a browser's own viewer of pictures, sound and films needs: the file itself. */
const plain =
  "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'";
/**
 * Browsers do not start their PDF viewer in a sandbox. It runs outside the page's origin, and a PDF is nothing else
 * to a browser that may not guess types.
 */
const viewer = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'";

const text = "text/plain; charset=utf-8";

const types: [extensions: string, type: string, policy: string][] = [
  ["apng", "image/apng", plain],
  ["avif", "image/avif", plain],
  ["bmp", "image/bmp", plain],
  ["gif", "image/gif", plain],
  ["ico", "image/x-icon", plain],
  ["jpg jpeg", "image/jpeg", plain],
  ["png", "image/png", plain],
  ["webp", "image/webp", plain],
  ["svg", "image/svg+xml", markup],
  ["htm html", "text/html; charset=utf-8", markup],
  ["pdf", "application/pdf", viewer],
  ["csv", "text/csv; charset=utf-8", markup],
  ["json", "application/json; charset=utf-8", markup],
  // Scripts and styles too: as a plain text nothing can load them as what they are.
  ["txt text log md markdown tsv rst tex diff patch srt vtt ndjson jsonl xml", text, markup],
  ["yaml yml toml ini cfg conf properties sh bash bat ps1 sql css scss less", text, markup],
  ["js mjs cjs jsx ts tsx vue py rb php pl lua r java kt scala c h cc cpp hpp cs go rs swift", text, markup],
  ["aac", "audio/aac", plain],
  ["flac", "audio/flac", plain],
  ["m4a", "audio/mp4", plain],
  ["mp3", "audio/mpeg", plain],
  ["oga ogg opus", "audio/ogg", plain],
  ["wav", "audio/wav", plain],
  ["m4v mp4", "video/mp4", plain],
  ["mov", "video/quicktime", plain],
  ["ogv", "video/ogg", plain],
  ["webm", "video/webm", plain],
];

const known = new Map(
  types.flatMap(([extensions, type, policy]) =>
    extensions.split(" ").map((extension) => [extension, { type, policy }] as const),
  ),
);

/** The headers under which a browser may show a file of that name; null where it may only be kept as a download. */
export function previewHeaders(name: string): FileHeaders | null {
  const found = known.get(/\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "");
  if (!found) return null;
  return {
    "Content-Disposition": `inline; ${nameParameter(name)}`,
    "Content-Type": found.type,
    "Content-Security-Policy": found.policy,
    // A sandboxed answer with the usual policy would be refused by browsers.
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
    "X-Frame-Options": "SAMEORIGIN",
  };
}
