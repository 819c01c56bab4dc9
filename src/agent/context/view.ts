import type { MessageNotes } from "../../protocol/message.ts";
import type { ConversationMessage, Image } from "../model/model.ts";
import type { ContextRecord } from "./context-record.ts";
import { resultPath } from "./result-file.ts";

/** A tool result that is longer is shown in part once it is old, characters. */
const maxOldResult = 4_000;
/** What is shown of its beginning and of its end, characters. */
const shownOfOld = 750;

/** What a message is shown by, beside the record. */
export interface ViewSetting {
  /** The working directory, below the user's root; "" for the root. */
  directory: string;
  /** Pictures that can be shown, by their hash. */
  images: ReadonlyMap<string, Image>;
}

/**
 * What the model is shown of the messages, the first of which has index `firstIdx`. Pure: a conversation that has grown
 * is shown as before and more, and every tool result stands behind its call.
 */
export function viewConversation(
  record: ContextRecord,
  messages: readonly ConversationMessage[],
  firstIdx: number,
  setting: ViewSetting,
): ConversationMessage[] {
  const names = toolNames(messages);
  const shown: ConversationMessage[] = [];
  const start = Math.max(0, record.summarizedBefore - firstIdx);
  for (const [offset, message] of messages.slice(start).entries()) {
    const idx = firstIdx + start + offset;
    shown.push(viewMessage(record, message, idx, setting, names));
  }
  if (record.summarizedBefore === 0) return shown;
  const [first] = shown;
  const told = describeSummary(record);
  // Some models want the roles to take turns.
  if (first?.payload.role !== "user") return [{ payload: { role: "user", content: told } }, ...shown];
  const content = `${told}\n\n# The message that comes next\n\n${first.payload.content}`;
  return [{ ...first, payload: { role: "user", content } }, ...shown.slice(1)];
}

/** The names of the tools by the calls' ids. */
export function toolNames(messages: readonly ConversationMessage[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { payload } of messages) {
    if (payload.role !== "assistant") continue;
    for (const call of payload.tool_calls ?? []) names.set(call.id, call.function.name);
  }
  return names;
}

/** One message as it is shown; the same object where nothing is to be changed. */
export function viewMessage(
  record: ContextRecord,
  message: ConversationMessage,
  idx: number,
  setting: ViewSetting,
  names: ReadonlyMap<string, string>,
): ConversationMessage {
  const { payload, notes } = message;
  const images = idx < record.prunedBefore ? [] : showImages(message, setting);
  const more = images.length > 0 ? { images } : {};
  if (idx < record.prunedBefore && isLargeResult(message)) {
    return shortenOnce(message, resultName(idx, names.get(resultId(message))), !record.notKept.includes(idx));
  }
  if (payload.role === "user") {
    const told = record.notes.filter((note) => note.idx === idx).map((note) => note.text);
    const content = [tellWords(payload.content, notes, setting.directory), ...told].join("\n\n");
    if (content !== payload.content) return { ...message, ...more, payload: { role: "user", content } };
  }
  return images.length > 0 ? { ...message, ...more } : message;
}

/** What a person said, with the files and the skill that came with it. */
export function tellWords(content: string, notes: MessageNotes | undefined, directory: string): string {
  const files = describeAttachments(notes?.attachments ?? [], directory);
  return [content, files, notes?.skill?.text ?? ""].filter((text) => text !== "").join("\n\n");
}

/** What the file of an old result is called. */
export function resultName(idx: number, tool = "tool"): string {
  return `${idx}-${tool}`;
}

/** Whether a result is shown in part once it is old. */
export function isLargeResult({ payload }: ConversationMessage): boolean {
  return payload.role === "tool" && payload.content.length > maxOldResult;
}

function showImages({ notes }: ConversationMessage, setting: ViewSetting): Image[] {
  return (notes?.images ?? []).flatMap(({ hash, name }) => {
    const image = setting.images.get(hash);
    return image ? [{ ...image, name }] : [];
  });
}

function resultId({ payload }: ConversationMessage): string {
  return payload.role === "tool" ? payload.tool_call_id : "";
}

/** By whether a file holds the whole: its name is made of all of the text, which takes longer than all the rest. */
const shortened = {
  kept: new WeakMap<ConversationMessage, ConversationMessage>(),
  lost: new WeakMap<ConversationMessage, ConversationMessage>(),
};

/** The same message gives the same object each time. */
function shortenOnce(message: ConversationMessage, name: string, isKept: boolean): ConversationMessage {
  const known = isKept ? shortened.kept : shortened.lost;
  const before = known.get(message);
  if (before) return before;
  const { payload } = message;
  if (payload.role !== "tool") return message;
  const content = shorten(payload.content, isKept ? resultPath(name, payload.content) : null);
  const short = { ...message, payload: { ...payload, content } };
  known.set(message, short);
  return short;
}

/** Head and tail of an old result, and where the whole of it is. */
function shorten(content: string, path: string | null): string {
  const left = content.length - 2 * shownOfOld;
  const where =
    path === null
      ? "Make the call again if you need it"
      : `The whole result is in ${path}: read it there in parts, or search in it`;
  return `${cutEnd(content.slice(0, shownOfOld))}\n[${left.toLocaleString("en")} characters of this old result are left out here. ${where}.]\n${cutStart(content.slice(-shownOfOld))}`;
}

/** Without half a character at the cut. */
function cutEnd(text: string): string {
  return text.isWellFormed() ? text : text.replace(/[\uD800-\uDBFF]$/, "");
}

function cutStart(text: string): string {
  return text.isWellFormed() ? text : text.replace(/^[\uDC00-\uDFFF]/, "");
}

/** The line that names the files which came with a message. */
function describeAttachments(paths: readonly string[], directory: string): string {
  if (paths.length === 0) return "";
  const inside = directory === "" ? "" : `${directory}/`;
  const names = paths.map((path) =>
    JSON.stringify(path.startsWith(inside) ? path.slice(inside.length) : path),
  );
  return `[Files that came with this message: ${names.join(", ")}]`;
}

function describeSummary({ summary, kept, prunedBefore }: ContextRecord): string {
  const words = kept.map(({ content }) => `<message>\n${content}\n</message>`);
  const verbatim =
    words.length > 0
      ? `\n\n# What the user said last in that part, word for word\n\n${words.join("\n\n")}`
      : "";
  const files =
    prunedBefore > 0
      ? "\n\nLarge tool results of that part may still be in .zcbot/results/, named by message number and tool."
      : "";
  return `[From zcbot, not from the user: the conversation was too long to be shown whole. Its earlier part stands here as a summary; go on from there.]\n\n# Summary of the earlier part\n\n${summary}${files}${verbatim}`;
}
