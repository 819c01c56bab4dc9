/** How a file is shown without downloading it; `none` where it cannot be. */
export type PreviewKind = "picture" | "text" | "page" | "pdf" | "sound" | "film" | "none";

const endings: Record<Exclude<PreviewKind, "none">, string> = {
  picture: "apng avif bmp gif ico jpg jpeg png svg webp",
  // Tables and marked-up texts too: as they are written.
  text:
    "txt text log md markdown csv tsv json jsonl ndjson xml yaml yml toml ini cfg conf properties rst tex diff patch srt vtt " +
    "sh bash bat ps1 sql css scss less js mjs cjs jsx ts tsx vue py rb php pl lua r java kt scala c h cc cpp hpp cs go rs swift",
  page: "htm html",
  pdf: "pdf",
  sound: "aac flac m4a mp3 oga ogg opus wav",
  film: "m4v mp4 mov ogv webm",
};

const kinds = new Map<string, PreviewKind>(
  Object.entries(endings).flatMap(([kind, list]) =>
    list.split(" ").map((ending) => [ending, kind as PreviewKind] as const),
  ),
);

/** By the ending of its name, as the server goes by it. */
export function previewKind(name: string): PreviewKind {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  return kinds.get(ending) ?? "none";
}
