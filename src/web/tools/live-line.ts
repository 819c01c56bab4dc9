import type { AssistantTurn } from "../../client/turn.ts";
import type { Language } from "../language/language.ts";
import { toolLabel } from "./tool-face.ts";
import { summarizeCall } from "./tool-summary.ts";

/** What a sub-agent is at, on one line: the tool in use, else the last line it said. */
export function liveLine({ parts }: AssistantTurn, t: Language["t"]): string {
  const last = parts.findLast((part) => part.type === "tool" || part.type === "text");
  if (last?.type === "tool") {
    const { inner } = last;
    const deeper = inner?.status === "running" ? liveLine(inner, t) : "";
    return [toolLabel(last.name, t), deeper || summarizeCall(last.arguments)].filter(Boolean).join(" · ");
  }
  const line = last?.type === "text" ? (last.text.trim().split("\n").at(-1) ?? "") : "";
  return line.slice(0, 200) || t("tool.thinking");
}
