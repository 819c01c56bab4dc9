import { expect, test } from "vitest";
import { createOnceKeys } from "./idempotency.ts";

test("an attempt made again is made the same way under the same key, until it has arrived or is another one", () => {
  const keys = createOnceKeys<"queue" | "steer">();
  const first = keys.attempt("整理合同", "queue");
  expect(keys.attempt("整理合同", "steer")).toEqual(first);
  const other = keys.attempt("写报告", "steer");
  expect(other).toMatchObject({ how: "steer" });
  expect(other.key).not.toBe(first.key);
  keys.arrived();
  expect(keys.attempt("写报告", "steer").key).not.toBe(other.key);
});
