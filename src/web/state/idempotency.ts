/** Names a request, so that making it again has the effect of making it once. */
export interface OnceKeys {
  /** The key for sending `what`: that of the last attempt if it was the same and is not known to have arrived. */
  keyFor: (what: string) => string;
  /** There is an answer: sending the same again is meant to have its effect again. */
  arrived: () => void;
}

/** Remembers the last attempt. */
export function createOnceKeys(): OnceKeys {
  let last: { what: string; key: string } | null = null;
  return {
    keyFor: (what) => {
      if (last?.what !== what) last = { what, key: createKey() };
      return last.key;
    },
    arrived: () => {
      last = null;
    },
  };
}

/** `crypto.randomUUID` is not there over plain http, as in many an office. */
function createKey(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");
}
