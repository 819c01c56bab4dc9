import { ApiError } from "../../protocol/error.ts";
import type { Directory } from "../directory.ts";

/**
 * Removes a folder with all that is in it. Links are removed, never what they lead to; one that leads outside cannot be seen,
 * and keeps its folder (`directory_not_empty`). What is missing is no error.
 */
export async function removeTree(directory: Directory, path: string): Promise<void> {
  try {
    // A link resolves to another path than its own.
    if ((await directory.resolve(path)) === path && (await directory.stat(path)).isDirectory) {
      for (const { name } of await directory.list(path)) await removeTree(directory, `${path}/${name}`);
    }
    await directory.remove(path);
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "path_not_found")) throw error;
  }
}
