import type { Directory } from "../../workspace/directory.ts";
import { readKept } from "../../workspace/kept/kept-content.ts";
import type { ConversationMessage, Image } from "../model/model.ts";

const mediaTypes = new Map<string, Image["mediaType"]>(
  (["image/png", "image/jpeg", "image/gif", "image/webp"] as const).map((type) => [type, type]),
);

/** Of all pictures of a request, characters of base64: providers take requests of 20 to 50 MB, and each run holds its own. */
const maxImagesLength = 16_000_000;

/**
 * Adds the pictures of these messages to `images`, by their hash, the newest first, as far as there is room for them in a
 * request; those that are not kept any more stay away.
 */
export async function loadImages(
  messages: readonly ConversationMessage[],
  userRoot: Directory,
  images: Map<string, Image>,
): Promise<void> {
  let length = 0;
  for (const { notes } of messages.toReversed()) {
    for (const { hash, media_type, name } of notes?.images ?? []) {
      const mediaType = mediaTypes.get(media_type);
      if (images.has(hash) || mediaType === undefined) continue;
      if (length > maxImagesLength) return;
      const bytes = await readKept(userRoot, hash);
      if (!bytes) continue;
      const data = bytes.toString("base64");
      images.set(hash, { mediaType, name, data });
      length += data.length;
    }
  }
}

/** Takes the pictures out of the older of these messages, and out of `images`, where all together are too large for a request. */
export function boundImages(shown: ConversationMessage[], images: Map<string, Image>): void {
  const kept = new Set<string>();
  let length = 0;
  for (let index = shown.length - 1; index >= 0; index -= 1) {
    const message = shown[index];
    if (!message?.images) continue;
    for (const { data } of message.images) length += data.length;
    if (length > maxImagesLength) {
      const { images: _, ...bare } = message;
      shown[index] = bare;
    } else for (const { hash } of message.notes?.images ?? []) kept.add(hash);
  }
  if (length > maxImagesLength) for (const hash of images.keys()) if (!kept.has(hash)) images.delete(hash);
}
