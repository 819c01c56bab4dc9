import { useCallback, useEffect, useRef } from "react";

/** A function that never changes and always calls the newest `act`. Not for use while drawing. */
export function useLatest(act: () => void): () => void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  return useCallback(() => latest.current(), []);
}

/** Calls `act` on Escape while `enabled`, unless a dialog, a menu or an input method has taken the key. */
export function useEscape(enabled: boolean, act: () => void): void {
  const latest = useLatest(act);
  useEffect(() => {
    if (!enabled) return;
    const press = (event: KeyboardEvent) => {
      const taken = event.defaultPrevented || event.isComposing || event.keyCode === 229;
      if (event.key === "Escape" && !taken) latest();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [enabled, latest]);
}
