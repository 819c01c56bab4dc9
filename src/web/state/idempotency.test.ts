import { expect, test } from "vitest";
import { createOnceKeys } from "./idempotency.ts";

test("an attempt made again has the same key, until it has arrived or is another one", () => {
  const keys = createOnceKeys();
  const first = keys.keyFor("整理合同");
  expect(keys.keyFor("整理合同")).toBe(first);
  const other = keys.keyFor("写报告");
  expect(other).not.toBe(first);
  keys.arrived();
  expect(keys.keyFor("写报告")).not.toBe(other);
});
