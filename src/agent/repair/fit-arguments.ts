/** The parts of a JSON Schema that matter here. */
interface Schema {
  type?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: unknown;
}

/** Keys that mean the same to models of different makers. */
const sameMeaning: string[][] = [
  [
    "path",
    "file",
    "filepath",
    "filename",
    "targetfile",
    "absolutepath",
    "relativepath",
    "directory",
    "folder",
    "dir",
  ],
  ["content", "contents", "text", "filetext", "body", "filecontent"],
  ["command", "cmd", "script", "commandline", "bash"],
  ["pattern", "query", "regex", "search", "glob"],
  ["url", "uri", "link", "address"],
  ["oldtext", "oldstring", "oldstr", "search"],
  ["newtext", "newstring", "newstr", "replace", "replacement"],
  ["items", "todos", "tasks"],
  ["task", "prompt", "instructions"],
];

/**
 * The arguments in the form of the tool's schema, as far as nothing is lost by it: numbers and booleans that were
 * written as texts, one element where a list is due, texts that hold the JSON of a part, nulls for what is left out,
 * keys in other spellings. `renamed` tells of the keys.
 */
export function fitArguments(
  value: Record<string, unknown>,
  schema: unknown,
): { value: Record<string, unknown>; renamed: string[] } {
  const renamed: string[] = [];
  const fitted = fitObject(value, asSchema(schema), renamed);
  return { value: fitted, renamed };
}

function asSchema(schema: unknown): Schema {
  return typeof schema === "object" && schema !== null ? (schema as Schema) : {};
}

function fitObject(
  value: Record<string, unknown>,
  schema: Schema,
  renamed: string[],
): Record<string, unknown> {
  const properties = schema.properties ?? {};
  const required = schema.required ?? [];
  const fitted: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    const name = Object.hasOwn(properties, key) ? key : findKey(key, value, schema);
    if (name !== undefined && name !== key) renamed.push(`"${key}" was taken as "${name}"`);
    const part = properties[name ?? key];
    // Several models write null for what they leave out.
    if (item === null && part && !required.includes(name ?? key)) continue;
    fitted.push([name ?? key, part ? fitValue(item, part, renamed) : item]);
  }
  return Object.fromEntries(fitted);
}

/** The one key of the schema that is not given and that this one may stand for. */
function findKey(
  key: string,
  given: Record<string, unknown>,
  { properties = {}, required = [] }: Schema,
): string | undefined {
  const free = Object.keys(properties).filter((name) => !Object.hasOwn(given, name));
  const same = free.filter((name) => plainKey(name) === plainKey(key));
  if (same.length > 0) return same.length === 1 ? same[0] : undefined;
  const means = sameMeaning.filter((group) => group.includes(plainKey(key)));
  const near = free.filter(
    (name) => required.includes(name) && means.some((group) => group.includes(plainKey(name))),
  );
  // Two keys may want the same place.
  const rivals = Object.keys(given).filter(
    (other) => !Object.hasOwn(properties, other) && means.some((group) => group.includes(plainKey(other))),
  );
  return near.length === 1 && rivals.length === 1 ? near[0] : undefined;
}

function plainKey(key: string): string {
  return key.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

function fitValue(value: unknown, schema: Schema, renamed: string[]): unknown {
  const { type } = schema;
  if (type === "number" || type === "integer") return fitNumber(value);
  if (type === "boolean") return fitBoolean(value);
  if (type === "string")
    return typeof value === "number" || typeof value === "boolean" ? String(value) : value;
  if (type === "array") return fitList(value, schema, renamed);
  if (type === "object") {
    const object = typeof value === "string" ? parseAs(value, isObject) : value;
    return isObject(object) ? fitObject(object, schema, renamed) : value;
  }
  return value;
}

function fitNumber(value: unknown): unknown {
  if (typeof value !== "string" || !/^-?\d+(?:\.\d+)?$/.test(value.trim())) return value;
  const number = Number(value);
  return Number.isFinite(number) && !(Number.isInteger(number) && !Number.isSafeInteger(number))
    ? number
    : value;
}

function fitBoolean(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const word = value.trim().toLowerCase();
  return word === "true" ? true : word === "false" ? false : value;
}

function fitList(value: unknown, { items }: Schema, renamed: string[]): unknown {
  const list = typeof value === "string" ? (parseAs(value, Array.isArray) ?? value) : value;
  const fitItem = (item: unknown) => (items ? fitValue(item, items, renamed) : item);
  if (Array.isArray(list)) return list.map(fitItem);
  if (list === null || list === undefined) return value;
  // A list of texts may have been meant by one text with commas or lines: that is for the model to say.
  return [fitItem(list)];
}

function parseAs<Kind>(text: string, is: (value: unknown) => value is Kind): Kind | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return is(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
