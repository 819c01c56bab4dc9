/** Where a link or an image of an answer leads: a file of the task, or elsewhere. */
export type Address = { kind: "file"; path: string } | { kind: "web"; href: string } | { kind: "none" };

/**
 * Reads an address as the model wrote it. What has no scheme is a file in the task's directory (models
 * link what they have made); only http, https and mailto lead out.
 */
export function readAddress(written: string | undefined, directory: string): Address {
  const text = (written ?? "").trim();
  if (text === "" || text.startsWith("#")) return { kind: "none" };
  if (/^(https?:|mailto:)/i.test(text)) return { kind: "web", href: text };
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) || text.startsWith("//")) return { kind: "none" };
  const path = [directory, decode(text.replace(/[?#].*$/s, ""))]
    .join("/")
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  return path.includes("..") ? { kind: "none" } : { kind: "file", path: path.join("/") };
}

/** Where the server hands out a file. */
export function downloadAddress(path: string): string {
  return `/v1/files/download?path=${encodeURIComponent(path)}`;
}

/** Where the server shows a file, as far as it can be shown. */
export function rawAddress(path: string): string {
  return `/v1/files/raw?path=${encodeURIComponent(path)}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
