import { z } from "zod";
import { cleanText } from "../protocol/text.ts";
import type { Tool } from "./tools/tool.ts";

export type ParsedArguments = { value: Record<string, unknown> } | { fault: string };

/**
 * The object in the text a model wrote as a tool's arguments. Nothing at all is an empty object, and
 * an object encoded twice is taken as meant.
 */
export function parseArguments(text: string): ParsedArguments {
  if (text.trim() === "") return { value: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
    if (typeof value === "string") value = value.trim() === "" ? {} : JSON.parse(value);
  } catch (error) {
    return { fault: `The arguments are not valid JSON: ${error instanceof Error ? error.message : error}` };
  }
  if (value === null) return { value: {} };
  if (typeof value !== "object" || Array.isArray(value)) {
    return { fault: `The arguments must be one JSON object, not ${describeKind(value)}.` };
  }
  if (isDeep(value)) return { fault: `The arguments are nested more than ${maxDepth} levels deep.` };
  // Only an escape can bring in what cannot be stored.
  return { value: text.includes("\\u") ? (cleanWithin(value) as Record<string, unknown>) : { ...value } };
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

/** The arguments as the tool takes them, or a text that lets the model mend its call. */
export function checkArguments(tool: Tool, text: string): { input: unknown } | { fault: string } {
  const parsed = parseArguments(text);
  if ("fault" in parsed) return { fault: withExpectation(tool, parsed.fault) };
  const checked = tool.parameters.safeParse(parsed.value);
  if (checked.success) return { input: checked.data };
  // Several models write null for what they leave out.
  const withoutNulls = Object.entries(parsed.value).filter(([, value]) => value !== null);
  const rechecked = tool.parameters.safeParse(Object.fromEntries(withoutNulls));
  if (rechecked.success) return { input: rechecked.data };
  return {
    fault: withExpectation(tool, `The arguments do not fit:\n${z.prettifyError(checked.error)}`),
  };
}

function withExpectation(tool: Tool, fault: string): string {
  const { name, parameters } = tool.definition;
  return `${fault}\n\nThe tool was not run. ${name} expects a JSON object of this schema:\n${JSON.stringify(parameters)}`;
}

function describeKind(value: unknown): string {
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
