/** The arguments of a call: an object, or the raw text where it could not be read. */
export type ToolArguments = Record<string, unknown> | string;

// The argument that says most about a call, by how telling it is.
const telling = [
  "command",
  "path",
  "file_path",
  "pattern",
  "query",
  "url",
  "question",
  "description",
  "task",
  "prompt",
  "name",
  "directory",
  "id",
];

/** The one argument that says what a call is about, on one line; empty if it has none. */
export function summarizeCall(given: ToolArguments): string {
  if (typeof given === "string") return firstLine(given);
  const value = telling.map((key) => given[key]).find((each) => typeof each === "string" && each !== "");
  if (typeof value === "string") return firstLine(value);
  const any = Object.values(given).find((each) => typeof each === "string" && each !== "");
  return typeof any === "string" ? firstLine(any) : "";
}

/** The arguments in full: a command as it was typed, anything else as `key: value` with long texts below their key. */
export function describeArguments(given: ToolArguments): string {
  if (typeof given === "string") return given;
  const entries = Object.entries(given);
  const only = entries.length === 1 ? entries[0] : undefined;
  if (only && typeof only[1] === "string") return only[1];
  return entries
    .map(([key, value]) => {
      const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
      return text.includes("\n") ? `${key}:\n${text}` : `${key}: ${text}`;
    })
    .join("\n");
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0]?.slice(0, 200) ?? "";
}
