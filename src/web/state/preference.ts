/** A choice of the person at this browser, kept in local storage and shared between its tabs. */
export interface Preference<Value extends string> {
  get: () => Value;
  set: (next: Value) => void;
  subscribe: (listener: () => void) => () => void;
}

/** Makes one that is one of `values`; a browser without storage keeps it for the life of the page. */
export function createPreference<Value extends string>(
  key: string,
  values: readonly Value[],
  initial: Value,
): Preference<Value> {
  const listeners = new Set<() => void>();
  const read = (text: string | null): Value => values.find((value) => value === text) ?? initial;
  let current = read(readStorage(key));
  const change = (next: Value) => {
    current = next;
    for (const listener of listeners) listener();
  };
  window.addEventListener("storage", (event) => {
    if (event.key === key) change(read(event.newValue));
  });
  return {
    get: () => current,
    set: (next) => {
      writeStorage(key, next);
      change(next);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Local storage, or null where the browser forbids it. */
export function readStorage(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps `value` under `key`, or removes it when empty; silently nothing where the browser forbids it. */
export function writeStorage(key: string, value: string): void {
  try {
    if (value === "") localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Private windows may refuse storage: the choice then lasts as long as the page.
  }
}
