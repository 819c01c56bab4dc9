import type { ModelDelta, ToolDefinition } from "../model.ts";
import { type CallForm, callForms, type InlineCall } from "./inline-calls.ts";

/** Takes apart what servers leave in the text of an answer: thoughts in front of it, and tool calls. */
export interface InlineMarkup {
  add(piece: string): void;
  /** The answer is over: what was held back is said. */
  end(): void;
  calls(): InlineCall[];
}

const thoughts = [
  { opening: "<think>", closing: "</think>" },
  { opening: "<thinking>", closing: "</thinking>" },
];

/**
 * Creates one that hands on text and thoughts as they come. Only what may be the beginning of a tag waits for more, and
 * a call for its end.
 */
export function createInlineMarkup(
  tools: readonly ToolDefinition[],
  say: (type: ModelDelta["type"], text: string) => void,
): InlineMarkup {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const forms = tools.length > 0 ? callForms : [];
  const calls: InlineCall[] = [];
  let held = "";
  let place: "start" | "thought" | "gap" | "text" | CallForm = "start";
  let closing = "";
  /** A call that has begun. To look through all of it at each piece would take time quadratic in its length. */
  let parts: string[] = [];
  let lastOfParts = "";

  /** Each takes what it can of `held` and says whether there may be more to take. */
  const takeStart = (): boolean => {
    const begun = held.trimStart();
    const tags = thoughts.flatMap((thought) => [thought.opening, thought.closing]);
    if (begun === "" || tags.some((tag) => tag.startsWith(begun) && tag !== begun)) return false;
    const thought = thoughts.find(({ opening }) => begun.startsWith(opening));
    // The end of a thought whose beginning, or all of it, was taken out before.
    const ended = thoughts.find((each) => begun.startsWith(each.closing));
    place = thought ? "thought" : ended ? "gap" : "text";
    closing = thought?.closing ?? "";
    if (thought) held = begun.slice(thought.opening.length);
    else if (ended) held = begun.slice(ended.closing.length);
    return true;
  };
  const takeThought = (): boolean => {
    const end = held.indexOf(closing);
    if (end === -1) {
      const safe = held.length - lengthOfBegun(held, closing);
      say("reasoning", held.slice(0, safe));
      held = held.slice(safe);
      return false;
    }
    say("reasoning", held.slice(0, end));
    held = held.slice(end + closing.length);
    place = "gap";
    return true;
  };
  const takeGap = (): boolean => {
    held = held.trimStart();
    if (held !== "") place = "text";
    return held !== "";
  };
  const takeText = (): boolean => {
    const found = forms
      .map((form) => ({ form, at: held.indexOf(form.opening) }))
      .filter(({ at }) => at !== -1)
      .sort((a, b) => a.at - b.at)[0];
    if (!found) {
      const begun = Math.max(0, ...forms.map(({ opening }) => lengthOfBegun(held, opening)));
      say("text", held.slice(0, held.length - begun));
      held = held.slice(held.length - begun);
      return false;
    }
    say("text", held.slice(0, found.at));
    held = held.slice(found.at);
    place = found.form;
    return true;
  };
  const takeCall = (form: CallForm, isOver: boolean): boolean => {
    const end = held.indexOf(form.closing);
    if (end === -1 && !isOver) {
      parts = [held];
      lastOfParts = held.slice(-form.closing.length);
      held = "";
      return false;
    }
    const whole = end === -1 ? held.length : end + form.closing.length;
    const block = held.slice(form.opening.length, end === -1 ? undefined : end);
    const read = form.read(block, byName);
    if (read) calls.push(...read);
    else say("text", held.slice(0, whole));
    held = held.slice(whole);
    place = "text";
    return held !== "";
  };
  const takeParts = () => {
    held += parts.join("");
    parts = [];
  };
  const take = (isOver: boolean) => {
    for (let more = held !== ""; more; ) {
      if (place === "start") more = takeStart();
      else if (place === "thought") more = takeThought();
      else if (place === "gap") more = takeGap();
      else if (place === "text") more = takeText();
      else more = takeCall(place, isOver);
    }
  };

  return {
    add(piece) {
      if (place === "text" && held === "" && !piece.includes("<")) {
        say("text", piece);
        return;
      }
      parts.push(piece);
      if (typeof place === "object") {
        lastOfParts += piece;
        const isWhole = lastOfParts.includes(place.closing);
        lastOfParts = lastOfParts.slice(-place.closing.length);
        if (!isWhole) return;
      }
      takeParts();
      take(false);
    },
    end() {
      takeParts();
      take(true);
      say(place === "thought" ? "reasoning" : "text", held);
      held = "";
    },
    calls: () => calls,
  };
}

/** How much of the end of `text` is the beginning of `tag`. */
function lengthOfBegun(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(tag.slice(0, length))) return length;
  }
  return 0;
}
