import { useCallback, useState } from "react";
import { readStorage, writeStorage } from "./preference.ts";

/**
 * A text that the person is writing, kept under `name` (a task's id, say) until it is sent, so that it
 * outlives a reload. A component that changes the name must change its `key` with it.
 */
export function useDraft(name: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => readDraft(name));
  const change = useCallback(
    (next: string) => {
      setText(next);
      saveDraft(name, next);
    },
    [name],
  );
  return [text, change];
}

/** The text that waits under `name`; empty if there is none. */
export function readDraft(name: string): string {
  return readStorage(keyOf(name)) ?? "";
}

/** Leaves a text to be found by whoever writes under `name` next. */
export function saveDraft(name: string, text: string): void {
  writeStorage(keyOf(name), text);
}

const keyOf = (name: string) => `zcbot.draft.${name}`;
