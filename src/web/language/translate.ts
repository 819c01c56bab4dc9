import type { english } from "./english.ts";

export type Key = keyof typeof english;
/** Every text of the app in one language. */
export type Dictionary = Readonly<Record<Key, string>>;
export type Values = Readonly<Record<string, string | number>>;

const placeholder = /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g;

/** `{name}` becomes that value; `{name|one|many}` becomes `one` where the value is 1, else `many`. */
export function translate(text: string, values: Values): string {
  return text.replace(placeholder, (_, name: string, one?: string, many?: string) => {
    const value = values[name];
    if (one === undefined || many === undefined) return String(value ?? "");
    return value === 1 ? one : many;
  });
}

/** The names of the values that a text takes. */
export function placeholdersOf(text: string): Set<string> {
  return new Set([...text.matchAll(placeholder)].map((match) => match[1] ?? ""));
}
