import { z } from "zod";

type Schema = Record<string, unknown>;

/** Of one tool's schema as JSON, characters, and its nesting: it stands in every request to the model. */
const maxSize = 32_768;
const maxDepth = 24;
/** What all providers take as a property's name. */
const goodKey = /^[a-zA-Z0-9_.-]{1,64}$/;
/** What they refuse at the top of a tool's parameters; what it says, the server checks itself. */
const refusedAtTop = ["oneOf", "anyOf", "allOf", "not", "enum", "if", "then", "else", "$schema", "$id"];

/**
 * The schema that models see of a tool's arguments: the server's own, without what providers refuse. One that is too large, or
 * names its properties as no provider can, is left to the tool's description and the server's own complaints.
 */
export function cleanSchema(schema: Schema): Schema {
  if (isDeep(schema) || JSON.stringify(schema).length > maxSize) return anyObject;
  const kept = Object.entries(schema).filter(([key]) => !refusedAtTop.includes(key));
  const properties = { ...alternatives(schema), ...objectOf(schema.properties) };
  if (!Object.keys(properties).every((key) => goodKey.test(key))) return anyObject;
  return { ...Object.fromEntries(kept), type: "object", properties };
}

const anyObject: Schema = { type: "object", properties: {}, additionalProperties: true };

/** The properties of whichever alternatives the top offers. */
function alternatives(schema: Schema): Schema {
  const branches = [schema.oneOf, schema.anyOf, schema.allOf].flatMap((list) =>
    Array.isArray(list) ? list : [],
  );
  return Object.assign({}, ...branches.map((branch) => objectOf(objectOf(branch).properties)));
}

function objectOf(value: unknown): Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : {};
}

function isDeep(value: object): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return level.length > 0;
}

/**
 * What the arguments of a call must be before the server sees them: an object with what is required. A null that models
 * write for what they leave out is left out. All else is the server's to judge.
 */
export function checkSchema(schema: Schema): z.ZodType<Record<string, unknown>> {
  const properties = objectOf(schema.properties);
  const required = Array.isArray(schema.required)
    ? schema.required.filter((key) => typeof key === "string")
    : [];
  const mayBeNull = (key: string): boolean => JSON.stringify(properties[key] ?? {}).includes("null");
  return z.record(z.string(), z.unknown()).transform((input, context) => {
    for (const key of required) {
      if (!Object.hasOwn(input, key)) {
        context.issues.push({ code: "custom", message: "is required", input, path: [key] });
      }
    }
    const kept = Object.entries(input).filter(
      ([key, value]) => value !== null || required.includes(key) || mayBeNull(key),
    );
    return Object.fromEntries(kept);
  });
}
