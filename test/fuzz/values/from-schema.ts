import fc from "fast-check";
import { platformKey } from "../../support/server.ts";
import type { ApiDocument, Schema } from "../document.ts";
import { hostileJson, hostileText } from "./hostile.ts";
import { idReference, thirdUser } from "./references.ts";

/** What a field of this name usually holds: a schema says only that it is a text. */
const usual: Record<string, fc.Arbitrary<unknown>> = {
  content: fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom(
        "你好",
        "chat 3 1",
        "ask",
        "ask",
        "tools 1 read 文.txt",
        "tools 2 list .",
        "fail 400",
        "hang",
      ),
    },
    { weight: 1, arbitrary: hostileText },
  ),
  name: plausible("水泥申报", "甲", "a b", "任务 1"),
  working_dir: plausible("目录", "甲", "没有"),
  path: plausible("", "目录", "目录/文.txt", "目录/文.txt", "目录/子/深.md", "甲", "."),
  q: plausible("水", "%", "a_b"),
  status: plausible("completed", "abandoned", "active"),
  ordering: plausible("name", "-created_at,name", "status,,x"),
  model_profile: plausible("", "没有"),
  // Longer ones would hold the fuzzer up.
  wait: fc.constantFrom("0", "1", "-7", "", "x", "1.5", "0x1", " 1 ", "-99999999999999999999"),
  request_id: idReference("request_id"),
  answers: fc.oneof(fc.constant(["表格"]), fc.array(hostileText, { maxLength: 3 })),
  user_id: fc.oneof({ weight: 4, arbitrary: fc.constant(thirdUser) }, hostileText),
  platform_key: fc.oneof({ weight: 6, arbitrary: fc.constant(platformKey) }, hostileText),
  from_idx: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer()),
  after: plausible("0", "1", "3", "1-1", "2-0"),
  page: plausible("1", "2", "0", "-1", "1000000000000000000"),
  page_size: plausible("1", "100", "1000"),
  "Last-Event-ID": fc.constantFrom("0", "2", "1-1", "2-3", "1795804280314977", "x"),
  "Idempotency-Key": fc.constantFrom("一".length.toString(), "key-1", "key-2"),
};

function plausible(...texts: string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...texts) }, { weight: 1, arbitrary: hostileText });
}

/** Values that a schema allows, by shape: the rules behind it are the server's to check. */
export function valuesOf(document: ApiDocument, given: Schema, name = ""): fc.Arbitrary<unknown> {
  const known = usual[name];
  const schema = document.follow(given);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (known) return known;
  if (schema.const !== undefined) return fc.constant(schema.const);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => valuesOf(document, choice)));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "object": {
      const { properties = {}, required = [] } = schema;
      const fields = Object.entries(properties).map(([key, field]) => [key, valuesOf(document, field, key)]);
      return fc.record(Object.fromEntries(fields), { requiredKeys: required as never[] });
    }
    case "array":
      return fc.array(valuesOf(document, schema.items ?? {}), { maxLength: 4 });
    case "integer":
      return fc.integer({ min: schema.minimum, max: Math.min(schema.maximum ?? 2 ** 31 - 1, 2 ** 31 - 1) });
    case "number":
      return fc.double({ noNaN: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "string":
      return hostileText;
    default:
      return hostileJson;
  }
}

/** Values that a schema almost allows: one field is missing, is something else, or is too many. */
export function nearValuesOf(document: ApiDocument, schema: Schema): fc.Arbitrary<unknown> {
  const names = Object.keys(document.follow(schema).properties ?? {});
  const extra = fc.constantFrom("__proto__", "constructor", "user_id", "task_id", "scope", "", "toString");
  const change = fc.oneof(
    fc.record({
      field: fc.constantFrom(...names, "x"),
      value: fc.oneof(hostileJson, fc.constant(undefined)),
    }),
    fc.record({ field: extra, value: hostileJson }),
  );
  return fc.tuple(valuesOf(document, schema), change).map(([value, { field, value: other }]) => {
    if (typeof value !== "object" || value === null) return value;
    // `__proto__` as a field of its own, as JSON brings it.
    return { ...value, [field]: other };
  });
}
