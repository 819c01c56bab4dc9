import type { Directory } from "../../workspace/directory.ts";
import { readKept } from "../../workspace/kept/kept-content.ts";
import type { ConversationMessage, Image } from "../model/model.ts";

const mediaTypes = new Map<string, Image["mediaType"]>(
  (["image/png", "image/jpeg", "image/gif", "image/webp"] as const).map((type) => [type, type]),
);

/** Adds the pictures of these messages to `images`, by their hash; those that are not kept any more stay away. */
export async function loadImages(
  messages: readonly ConversationMessage[],
  userRoot: Directory,
  images: Map<string, Image>,
): Promise<void> {
  for (const { notes } of messages) {
    for (const { hash, media_type, name } of notes?.images ?? []) {
      const mediaType = mediaTypes.get(media_type);
      if (images.has(hash) || mediaType === undefined) continue;
      const bytes = await readKept(userRoot, hash);
      if (bytes) images.set(hash, { mediaType, name, data: bytes.toString("base64") });
    }
  }
}
