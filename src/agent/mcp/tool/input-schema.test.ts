import { expect, test } from "vitest";
import { checkSchema, cleanSchema } from "./input-schema.ts";

const loose = { type: "object", properties: {}, additionalProperties: true };
const text = { type: "string" };

test("a schema that providers take goes on as it is", () => {
  const schema = { type: "object", properties: { 路: undefined, path: text }, required: ["path"] };
  const { 路: _, ...properties } = schema.properties;
  expect(cleanSchema({ ...schema, properties })).toEqual({ ...schema, properties });
});

test("alternatives at the top become properties that may be given", () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { a: text },
    oneOf: [{ properties: { b: text }, required: ["b"] }, { properties: { c: text } }, true],
  };
  expect(cleanSchema(schema)).toEqual({ type: "object", properties: { a: text, b: text, c: text } });
});

test.each([
  ["names no provider takes", { type: "object", properties: { "坏 键": text } }],
  ["too large", { type: "object", properties: { a: { description: "长".repeat(40_000) } } }],
  ["too deep", JSON.parse(`${'{"properties":'.repeat(60)}{}${"}".repeat(60)}`)],
])("one that is %s is left to the server", (_, schema) => {
  expect(cleanSchema(schema)).toEqual(loose);
});

test("what is required must be there, and a null for what is not is left out", () => {
  const schema = {
    type: "object",
    properties: { a: text, b: text, c: { type: ["string", "null"] } },
    required: ["a"],
  };
  expect(checkSchema(schema).safeParse({ b: "二" }).success).toBe(false);
  expect(checkSchema(schema).parse({ a: null, b: null, c: null, d: 1 })).toEqual({ a: null, c: null, d: 1 });
  expect(checkSchema(schema).safeParse("a").success).toBe(false);
});
