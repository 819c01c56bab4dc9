import { z } from "zod";
import { cleanText } from "../protocol/text.ts";
import { fitArguments } from "./repair/fit-arguments.ts";
import { readJson } from "./repair/read-json.ts";
import type { Tool } from "./tools/tool.ts";

export type ParsedArguments = { value: Record<string, unknown> } | { fault: string };

/**
 * The object in the text a model wrote as a tool's arguments. Nothing at all is an empty object; what is plainly meant
 * is taken as meant, what is cut off is not.
 */
export function parseArguments(text: string): ParsedArguments {
  if (text.trim() === "") return { value: {} };
  const read = readJson(text);
  if ("fault" in read) return { fault: `The arguments are not valid JSON: ${read.fault}.` };
  const value = isLoneObject(read.value) ? read.value[0] : read.value;
  if (value === null) return { value: {} };
  if (typeof value !== "object" || Array.isArray(value)) {
    return { fault: `The arguments must be one JSON object, not ${describeKind(value)}.` };
  }
  if (isDeep(value)) return { fault: `The arguments are nested more than ${maxDepth} levels deep.` };
  // Only an escape can bring in what cannot be stored.
  return { value: text.includes("\\u") ? (cleanWithin(value) as Record<string, unknown>) : { ...value } };
}

function isLoneObject(value: unknown): value is [object] {
  return (
    Array.isArray(value) && value.length === 1 && typeof value[0] === "object" && !Array.isArray(value[0])
  );
}

/** The text as JSON where it is not, but was plainly meant: providers refuse a conversation with broken arguments. */
export function mendArguments(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    const parsed = text.trim() === "" ? undefined : parseArguments(text);
    return parsed && "value" in parsed ? JSON.stringify(parsed.value) : text;
  }
}

/** The same value with every text in it storable; it is not deep. */
function cleanWithin(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanWithin);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), cleanWithin(item)]));
}

/** Much deeper, and the value could be parsed but not be written as JSON again. */
const maxDepth = 100;

function isDeep(value: object): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth += 1) {
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return level.length > 0;
}

/**
 * The arguments as the tool takes them, or a text that lets the model mend its call. `said` is what it should know of
 * how they were understood.
 */
export function checkArguments(
  tool: Tool,
  text: string,
): { input: unknown; said?: string } | { fault: string } {
  const parsed = parseArguments(text);
  if ("fault" in parsed) return { fault: withExpectation(tool, parsed.fault) };
  const checked = tool.parameters.safeParse(parsed.value);
  const { properties = {} } = tool.definition.parameters;
  const isKnown = (key: string) => Object.hasOwn(properties as object, key);
  if (checked.success && Object.keys(parsed.value).every(isKnown)) return { input: checked.data };
  const fitted = fitArguments(parsed.value, tool.definition.parameters);
  const rechecked = tool.parameters.safeParse(fitted.value);
  if (rechecked.success) {
    const { renamed } = fitted;
    return { input: rechecked.data, ...(renamed.length > 0 && { said: renamed.join(", ") }) };
  }
  if (checked.success) return { input: checked.data };
  return { fault: withExpectation(tool, `The arguments do not fit:\n${z.prettifyError(checked.error)}`) };
}

function withExpectation(tool: Tool, fault: string): string {
  const { name, parameters } = tool.definition;
  return `${fault}\n\nThe tool was not run. ${name} expects a JSON object of this schema:\n${JSON.stringify(parameters)}`;
}

function describeKind(value: unknown): string {
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
