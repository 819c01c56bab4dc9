import type { ConversationMessage } from "../../model/model.ts";
import { estimateTokens } from "../count-tokens.ts";
import { toolNames } from "../view.ts";

/** How much of a user's, an assistant's and a tool's words is shown, characters; less where there is much of them. */
const sizes = [
  { user: 20_000, assistant: 4_000, tool: 1_200 },
  { user: 8_000, assistant: 1_500, tool: 400 },
  { user: 4_000, assistant: 500, tool: 120 },
];

/**
 * The messages as a text to be summarized, in parts of about `partTokens`, `maxParts` at most: of many messages less
 * is shown of each, and where that does not do, of those in the middle nothing.
 */
export function writeTranscript(
  messages: readonly ConversationMessage[],
  partTokens: number,
  maxParts: number,
): string[] {
  const names = toolNames(messages);
  let parts: string[] = [];
  for (const size of sizes) {
    const entries = messages.map((message) => writeMessage(message, names, size));
    parts = joinParts(entries, partTokens);
    if (parts.length <= maxParts) return parts;
  }
  const head = parts.slice(0, Math.ceil(maxParts / 2));
  const tail = parts.slice(parts.length - (maxParts - head.length));
  return [
    ...head.slice(0, -1),
    `${head.at(-1) ?? ""}\n\n[A long stretch of the record is left out here.]`,
    ...tail,
  ];
}

/** Entries are cut to a part's size where one alone is larger. */
function joinParts(entries: string[], partTokens: number): string[] {
  const parts: string[] = [];
  let part: string[] = [];
  let tokens = 0;
  for (const whole of entries) {
    // No character takes more than one token by the estimate.
    const entry = clip(whole, partTokens);
    const size = estimateTokens(entry) + 2;
    if (part.length > 0 && tokens + size > partTokens) {
      parts.push(part.join("\n\n"));
      part = [];
      tokens = 0;
    }
    part.push(entry);
    tokens += size;
  }
  if (part.length > 0) parts.push(part.join("\n\n"));
  return parts;
}

function writeMessage(
  { payload, notes }: ConversationMessage,
  names: ReadonlyMap<string, string>,
  size: { user: number; assistant: number; tool: number },
): string {
  switch (payload.role) {
    case "user": {
      const files = notes?.attachments?.length ? `\n(with the files ${notes.attachments.join(", ")})` : "";
      const skill = notes?.skill ? `\n(which started the skill ${notes.skill.name})` : "";
      return `## User\n${clip(payload.content, size.user)}${files}${skill}`;
    }
    case "assistant": {
      const calls = (payload.tool_calls ?? []).map(
        ({ function: called }) => `-> ${called.name} ${clip(called.arguments, size.tool)}`,
      );
      return ["## Assistant", clip(payload.content ?? "", size.assistant), ...calls]
        .filter((text) => text !== "")
        .join("\n");
    }
    case "tool":
      return `## Result of ${names.get(payload.tool_call_id) ?? "a tool"}\n${clip(payload.content, size.tool)}`;
  }
}

/** Beginning and end of a text. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = text.slice(0, Math.ceil((length * 2) / 3));
  const tail = text.slice(text.length - Math.floor(length / 3));
  return `${head}\n[... ${text.length - length} characters ...]\n${tail}`.toWellFormed();
}
