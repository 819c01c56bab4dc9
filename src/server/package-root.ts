import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Whether a folder is the root of zcbot's own package, be it a checkout or an installation. */
export function isPackageRoot(folder: string): boolean {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return false;
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { name?: unknown }).name === "zcbot";
  } catch {
    return false;
  }
}

/** The folder of the package that this code runs from, bundled or not; it holds `skills/` and `dist/`. */
export function findPackageRoot(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (isPackageRoot(folder)) return folder;
    if (folder === dirname(folder)) return from;
  }
}
