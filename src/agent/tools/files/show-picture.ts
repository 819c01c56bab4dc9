import { posix } from "node:path";
import type { OpenedFile } from "../../../workspace/directory.ts";
import { describeImage } from "../../../workspace/kept/describe-image.ts";
import { keepContent, maxKeptBytes, readKept } from "../../../workspace/kept/kept-content.ts";
import { failure, showSize } from "../define-tool.ts";
import type { ToolContext, ToolOutcome } from "../tool.ts";

/** Whether a file that starts so is a picture that models can be shown. */
export function isPicture(start: Buffer): boolean {
  return describeImage(start) !== undefined;
}

/** Shows a picture to a model that sees; tells another what it is. */
export async function showPicture(
  file: OpenedFile,
  name: string,
  { model, userRoot }: Pick<ToolContext, "model" | "userRoot">,
): Promise<ToolOutcome> {
  const size = showSize(file.size);
  if (file.size > maxKeptBytes) return failure(`${name} is a picture of ${size}. ${makeSmaller}`);
  const bytes = await file.handle.readFile();
  const image = describeImage(bytes);
  if (!image) return failure(`${name} changes while it is read. Try again.`);
  const { mediaType, width, height, refusal } = image;
  const what = `${name}: ${mediaType}, ${width} x ${height} pixels, ${size}`;
  if (!model.facts.vision) return failure(`${what}. You cannot be shown pictures.`);
  if (refusal) return failure(`${what}. ${refusal} ${makeSmaller}`);
  const hash = await keepContent(userRoot, bytes);
  if ((await readKept(userRoot, hash)) === null) {
    return failure(`${what}. It cannot be shown: there is no room on the user's disk space.`);
  }
  const notes = { images: [{ hash, media_type: mediaType, name: posix.basename(name) }] };
  return { content: `[${what}]`, isError: false, notes };
}

const makeSmaller =
  "Make a smaller copy in bash (convert, python3 with PIL), where that is installed, and read that.";
