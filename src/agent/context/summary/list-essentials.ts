import type { ConversationMessage } from "../../model/model.ts";
import { clip } from "./transcript.ts";

/** Of each message that is quoted, and of all together, characters. */
const maxQuote = 400;
const maxQuotes = 6_000;
const maxPaths = 60;
const maxEarlier = 8_000;

/** What stands for a summary where none could be made: what the user said, the files, and that it is no summary. */
export function listEssentials(
  messages: readonly ConversationMessage[],
  earlier: string,
  reason: string,
): string {
  const paths = new Set<string>();
  for (const { payload, notes } of messages) {
    for (const path of notes?.attachments ?? []) paths.add(path);
    if (payload.role !== "assistant") continue;
    for (const call of payload.tool_calls ?? []) {
      for (const [, path] of call.function.arguments.matchAll(
        /"(?:path|file|file_path)"\s*:\s*"([^"\\]{1,300})"/g,
      )) {
        if (path !== undefined) paths.add(path);
      }
    }
  }
  return [
    `[No summary could be made (${clip(reason, 200)}). ${messages.length} messages are left out here and not replaced by anything but the following. Look at the files, and ask the user, before you rely on what you do not see.]`,
    earlier === "" ? "" : `What was known before:\n${clip(earlier, maxEarlier)}`,
    quoteUser(messages),
    paths.size === 0 ? "" : `Files that were worked with:\n${[...paths].slice(-maxPaths).join("\n")}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** The first thing that was asked for, and then the newest ones. */
function quoteUser(messages: readonly ConversationMessage[]): string {
  const said = messages.flatMap(({ payload }) =>
    payload.role === "user" ? [`- ${clip(payload.content, maxQuote)}`] : [],
  );
  const [first, ...others] = said;
  if (first === undefined) return "";
  const chosen: string[] = [];
  let length = first.length;
  for (const quote of others.toReversed()) {
    length += quote.length;
    if (length > maxQuotes) break;
    chosen.unshift(quote);
  }
  const gap = chosen.length < others.length ? ["- [...]"] : [];
  return `What the user said, first and last:\n${[first, ...gap, ...chosen].join("\n")}`;
}
