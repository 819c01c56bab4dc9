import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Directory } from "../../workspace/directory.ts";
import { keepContent } from "../../workspace/kept/kept-content.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import type { ConversationMessage, Image } from "../model/model.ts";
import { beginContext } from "./context-record.ts";
import { boundImages, loadImages } from "./load-images.ts";
import { viewConversation } from "./view.ts";

let root: Directory;
const messages: ConversationMessage[] = [];

beforeAll(async () => {
  root = await openDirectory(await mkdtemp(join(tmpdir(), "zcbot-图-")));
  for (let number = 0; number < 6; number += 1) {
    const hash = await keepContent(root, Buffer.alloc(3_700_000, number));
    const images = [{ hash, media_type: "image/png", name: `图${number}.png` }];
    messages.push({ payload: { role: "user", content: `看图${number}` }, notes: { images } });
  }
});
afterAll(() => rm(root.hostPath, { recursive: true }));

const show = (conversation: ConversationMessage[], images: Map<string, Image>) =>
  viewConversation(beginContext([]), conversation, 0, { directory: "", images });
const pictures = (shown: ConversationMessage[]) => shown.flatMap(({ images = [] }) => images);

test("the pictures of a request are no more than providers take, and the newest of them", async () => {
  const images = new Map<string, Image>();
  await loadImages(messages, root, images);
  const shown = show(messages, images);
  boundImages(shown, images);
  expect(pictures(shown).map(({ name }) => name)).toEqual(["图3.png", "图4.png", "图5.png"]);
  expect(images.size).toBe(3);
  expect(shown.map(({ payload }) => payload.content)).toEqual(messages.map(({ payload }) => payload.content));
});

test("a picture that is shown again and again is not sent again and again", async () => {
  const images = new Map<string, Image>();
  const same = Array.from({ length: 20 }, () => messages[0] ?? []).flat();
  await loadImages(same, root, images);
  const shown = show(same, images);
  boundImages(shown, images);
  expect(shown.flatMap((message, index) => (message.images ? [index] : []))).toEqual([17, 18, 19]);
  expect(images.size).toBe(1);
});
