import { useSyncExternalStore } from "react";

function subscribe(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}

/**
 * Whether the page can be seen. One that cannot holds no stream: over plain http a browser keeps six connections to a
 * server for all of its pages together, and a seventh page would not load.
 */
export function useSeen(): boolean {
  return useSyncExternalStore(subscribe, () => !document.hidden);
}
