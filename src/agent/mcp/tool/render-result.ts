import { z } from "zod";
import type { MessageNotes } from "../../../protocol/message.ts";
import { cleanText } from "../../../protocol/text.ts";
import { describeImage } from "../../../workspace/kept/describe-image.ts";
import { hashContent, keepContent } from "../../../workspace/kept/kept-content.ts";
import { keepResult } from "../../context/result-file.ts";
import { showSize } from "../../tools/define-tool.ts";
import type { ToolContext, ToolOutcome } from "../../tools/tool.ts";
import type { CallResult } from "../session.ts";

/** A longer result is kept in a file, of which the model reads the beginning, characters. */
const maxText = 30_000;
const previewLength = 4_000;
/** Of one result. */
const maxBlocks = 200;
const maxImages = 8;

const block = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("text"), text: z.string() }),
  z.looseObject({ type: z.enum(["image", "audio"]), data: z.string(), mimeType: z.string() }),
  z.looseObject({
    type: z.literal("resource"),
    resource: z.looseObject({
      uri: z.string(),
      mimeType: z.string().optional(),
      text: z.string().optional(),
      blob: z.string().optional(),
    }),
  }),
  z.looseObject({
    type: z.literal("resource_link"),
    uri: z.string(),
    name: z.string().optional(),
    description: z.string().optional(),
  }),
]);
type Block = z.output<typeof block>;
type Images = NonNullable<MessageNotes["images"]>;

/**
 * What the model reads of a result, `name` being the tool's: texts as they are, pictures shown where it sees, other bytes and
 * whatever is long in files of the working directory. `hide` takes out what must not be read.
 */
export async function renderResult(
  result: CallResult,
  name: string,
  hide: (text: string) => string,
  context: ToolContext,
): Promise<ToolOutcome> {
  const images: Images = [];
  const parts: string[] = [];
  for (const each of result.content.slice(0, maxBlocks)) {
    const read = block.safeParse(each);
    parts.push(read.success ? await renderBlock(read.data, name, images, context) : showJson(each));
  }
  const left = result.content.length - maxBlocks;
  if (left > 0) parts.push(`[${left} more parts of the result are left out]`);
  if (result.content.length === 0 && result.structuredContent !== undefined) {
    parts.push(showJson(result.structuredContent));
  }
  parts.push(...result.forms);
  const text = cleanText(hide(parts.filter((part) => part !== "").join("\n\n")));
  return {
    content: text === "" ? "[no output]" : await keepWhereLong(text, name, context),
    isError: result.isError === true,
    ...(images.length > 0 && { notes: { images } }),
  };
}

async function renderBlock(
  content: Block,
  name: string,
  images: Images,
  context: ToolContext,
): Promise<string> {
  switch (content.type) {
    case "text":
      return content.text;
    case "image":
    case "audio":
      return await renderBytes(content.data, content.mimeType, name, images, context);
    case "resource": {
      const { uri, mimeType = "", text, blob } = content.resource;
      if (text !== undefined) return `[${clip(uri)}]\n${text}`;
      return `[${clip(uri)}]\n${await renderBytes(blob ?? "", mimeType, name, images, context)}`;
    }
    case "resource_link":
      return `[link to ${clip(content.uri)}: ${clip(content.name ?? "")} ${clip(content.description ?? "")}]`;
  }
}

async function renderBytes(
  base64: string,
  mediaType: string,
  name: string,
  images: Images,
  context: ToolContext,
): Promise<string> {
  const bytes = Buffer.from(base64, "base64");
  const picture = describeImage(bytes);
  const label = `${picture?.mediaType ?? clip(mediaType)}, ${showSize(bytes.length)}`;
  if (picture && !picture.refusal && context.model.facts.vision && images.length < maxImages) {
    const hash = await keepContent(context.userRoot, bytes);
    images.push({ hash, media_type: picture.mediaType, name });
    return `[picture ${images.length}, ${label}, ${picture.width} x ${picture.height}]`;
  }
  const ending = endings[picture?.mediaType ?? mediaType] ?? "bin";
  const path = `.zcbot/results/${name}-${hashContent(bytes).slice(0, 8)}.${ending}`;
  const file = await context.directory.create(path, { durable: false });
  try {
    await file.write(bytes);
    await file.commit();
  } finally {
    await file.discard();
  }
  return `[${label}, kept in the file ${path}]`;
}

const endings: Record<string, string> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/svg+xml": "svg",
  "audio/wav": "wav",
  "audio/mpeg": "mp3",
  "application/pdf": "pdf",
  "application/zip": "zip",
};

async function keepWhereLong(text: string, name: string, { directory }: ToolContext): Promise<string> {
  if (text.length <= maxText) return text;
  const path = await keepResult(directory, name, text);
  const lines = text.split("\n").length.toLocaleString("en");
  const head = text.slice(0, previewLength).toWellFormed();
  return `${head}\n\n[This is the beginning. The whole result, ${showSize(Buffer.byteLength(text))} in ${lines} lines, is in the file ${path}: look into it with read and grep.]`;
}

function showJson(value: unknown): string {
  try {
    return JSON.stringify(value, null, 2) ?? "";
  } catch {
    return "[a part of the result is nested too deeply to be shown]";
  }
}

function clip(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300).toWellFormed()}...`;
}
