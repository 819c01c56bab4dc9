import { calls, says, type Turn } from "./model-turn.ts";

/** What a request's conversation says: its last user message, and how many tool results follow it. */
export interface Conversation {
  prompt: string;
  toolResults: number;
}

/**
 * The turn that a user's message asks for, where nothing was scripted:
 *
 *     chat <chunks> <pace in ms>        so many texts, each with the time it was sent
 *     tools <count> <tool> <path>       so many calls of a tool, one after the other, then a short text
 *     ask                               a question to the person, then a short text
 *     hang                              one text, then silence until the client closes
 *     fail <status>                     that status
 *
 * Anything else is answered `好的。`. Only the first line counts.
 */
export function turnForPrompt({ prompt, toolResults }: Conversation): Turn {
  const [word, ...more] = prompt.trim().split("\n", 1).join("").split(/\s+/);
  const number = (index: number, otherwise: number) => Number(more[index] ?? otherwise);
  switch (word) {
    case "chat":
      return chatTurn(number(0, 200), number(1, 5));
    case "tools": {
      if (toolResults >= number(0, 5)) return { ...says("完成。"), stampTexts: true };
      // No two are the same: a model that repeats itself is stopped.
      return calls(
        more[1] ?? "read",
        { path: more.slice(2).join(" ") || "notes.md", call: toolResults },
        `call_${toolResults}`,
      );
    }
    case "ask":
      return toolResults > 0 ? says("明白了。") : calls("ask", { question: "用哪种格式？" }, "call_ask");
    case "hang":
      return { ...says("…", "never sent"), stallAfter: 1 };
    case "fail":
      return { status: number(0, 500), body: "" };
    default:
      return says("好的。");
  }
}

/** The same object for the same words: its frames are then encoded once. */
const chatTurns = new Map<string, Turn>();

function chatTurn(count: number, paceMs: number): Turn {
  const key = `${count} ${paceMs}`;
  const known = chatTurns.get(key);
  if (known) return known;
  const turn: Turn = {
    ...says(...Array.from({ length: count }, (_, index) => `word ${index} `)),
    usage: { input: 100, output: count },
    paceMs,
    stampTexts: true,
  };
  chatTurns.set(key, turn);
  return turn;
}
