import type { Directory } from "./directory.ts";

/** The tree at an absolute host path, which is made where it is missing. */
export async function openDirectory(hostPath: string): Promise<Directory> {
  throw new Error(hostPath);
}
