import { ApiError } from "../../../../protocol/error.ts";
import type { Directory } from "../../../../workspace/directory.ts";
import { type CurrentFile, placeOf } from "./seen-files.ts";

const turns = new Map<string, Promise<void>>();

/** Does what looks at a file and then replaces it; of two in this process that name the same file one comes after the other. */
export async function inTurn<T>(directory: Directory, path: string, act: () => Promise<T>): Promise<T> {
  const key = `${directory.hostPath}\0${await placeOf(directory, path)}`;
  const before = turns.get(key);
  const { promise, resolve } = Promise.withResolvers<void>();
  turns.set(key, promise);
  try {
    await before;
    return await act();
  } finally {
    resolve();
    if (turns.get(key) === promise) turns.delete(key);
  }
}

/** Writes a file unless it is no longer as it was looked at; says whether it did. */
export async function replaceFile(
  directory: Directory,
  path: string,
  content: Buffer,
  expected: CurrentFile | null,
): Promise<boolean> {
  const pending = await directory.create(path);
  try {
    await pending.write(content);
    if ((await versionOf(directory, path)) !== expected?.version) return false;
    await pending.commit();
    return true;
  } finally {
    await pending.discard();
  }
}

async function versionOf(directory: Directory, path: string): Promise<string | undefined> {
  try {
    const file = await directory.open(path);
    await file.handle.close();
    return file.version;
  } catch (error) {
    if (error instanceof ApiError && error.code === "path_not_found") return undefined;
    throw error;
  }
}
