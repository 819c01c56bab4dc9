/** Names a request, so that making it again has the effect of making it once. */
export interface OnceKeys<How> {
  /**
   * The key for sending `what`, and how to send it: those of the last attempt if it was the same and is not known to
   * have arrived. What is sent again in another way (as by then a run is at work) would be another request.
   */
  attempt: (what: string, how: How) => { key: string; how: How };
  /** There is an answer: sending the same again is meant to have its effect again. */
  arrived: () => void;
}

/** Remembers the last attempt. */
export function createOnceKeys<How>(): OnceKeys<How> {
  let last: { what: string; key: string; how: How } | null = null;
  return {
    attempt: (what, how) => {
      if (last?.what !== what) last = { what, key: createKey(), how };
      return last;
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
