import { basename } from "node:path/posix";
import { ApiError } from "../../protocol/error.ts";
import type { MessageNotes } from "../../protocol/message.ts";
import type { Directory } from "../../workspace/directory.ts";
import { describeImage } from "../../workspace/kept/describe-image.ts";
import { keepContent, maxKeptBytes } from "../../workspace/kept/kept-content.ts";

/**
 * What is kept of the files that go with a message: their paths, and pictures as they are now, so that a model is always
 * shown the same ones. Null for no files. Throws ApiError: `invalid_path` for a file outside the task's directory,
 * `not_a_file` and `path_not_found` where one is not there to be read.
 */
export async function noteAttachments(
  paths: string[],
  open: () => Promise<{ root: Directory; directory: string }>,
): Promise<MessageNotes | null> {
  if (paths.length === 0) return null;
  const { root, directory } = await open();
  const found = await Promise.all(
    paths.map(async (path) => {
      if (!(await root.stat(path)).isFile) throw new ApiError("not_a_file", "An attachment must be a file.");
      const resolved = await root.resolve(path);
      if (resolved.startsWith(`${directory}/`)) return resolved;
      throw new ApiError(
        "invalid_path",
        "An attachment must lie in the task's working directory. Upload it there first.",
      );
    }),
  );
  const attachments = [...new Set(found)];
  const images: NonNullable<MessageNotes["images"]> = [];
  // One after the other: each may take some megabytes of memory.
  for (const path of attachments) images.push(...(await keepImage(root, path)));
  return { attachments, ...(images.length > 0 && { images }) };
}

async function keepImage(root: Directory, path: string): Promise<NonNullable<MessageNotes["images"]>> {
  const { handle, size } = await root.open(path);
  try {
    if (size > maxKeptBytes) return [];
    const bytes = await handle.readFile();
    const image = describeImage(bytes);
    if (!image || image.refusal !== undefined) return [];
    return [{ hash: await keepContent(root, bytes), media_type: image.mediaType, name: basename(path) }];
  } finally {
    await handle.close();
  }
}
