import { expect, test } from "vitest";
import { ModelError } from "./model.ts";
import { planRetry, retryDelay } from "./retry.ts";

const busy = new ModelError("model_unavailable", "忙", { retryable: true });
const asked = (retryAfterMs: number) =>
  new ModelError("model_rate_limited", "慢", { retryable: true, retryAfterMs });

test("waits twice as long after each attempt, between half and all of it", () => {
  expect([1, 2, 3, 4].map((attempt) => retryDelay(busy, attempt, 1)?.waitMs)).toEqual([
    500, 1_000, 2_000, 4_000,
  ]);
  expect([1, 2, 3, 4].map((attempt) => retryDelay(busy, attempt, 0)?.waitMs)).toEqual([
    250, 500, 1_000, 2_000,
  ]);
});

test("gives up after five attempts", () => {
  expect(planRetry(busy, 4)).not.toBeNull();
  expect(planRetry(busy, 5)).toBeNull();
});

test("waits as long as the provider asks, and never less than it would by itself", () => {
  expect(retryDelay(asked(7_000), 1, 0)).toEqual({ waitMs: 7_000 });
  expect(retryDelay(asked(1), 4, 1)).toEqual({ waitMs: 4_000 });
});

test("does not wait for a provider that asks for minutes", () => {
  expect(planRetry(asked(3_600_000), 1)).toBeNull();
});

test("tries nothing again that cannot succeed", () => {
  expect(planRetry(new ModelError("model_unauthorized", "不行", { retryable: false }), 1)).toBeNull();
  expect(planRetry(new Error("虫"), 1)).toBeNull();
});
