import { parseDocument } from "yaml";

/** A mapping in YAML; null where it is broken, or something else. Loaded on demand: it is large. */
export function readYaml(text: string): Record<string, unknown> | null {
  try {
    const document = parseDocument(text, { logLevel: "silent", uniqueKeys: false });
    if (document.errors.length > 0) return null;
    const value: unknown = document.toJS();
    if (value === null) return {};
    return typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    // Too many aliases, or nested too deeply.
    return null;
  }
}
