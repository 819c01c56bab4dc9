import { expect, test } from "vitest";
import { noUsage } from "./model.ts";
import { costOf } from "./prices.ts";

const prices = { input: 3, output: 15, cached: 0.3, cacheWrites: 3.75 };

test("each kind of token has its own price", () => {
  const usage = { tokensIn: 1_000, cached: 600, cacheWrites: 100, tokensOut: 200, reasoning: 50 };
  // 300 plain, 600 from the cache, 100 into it; what was thought is part of what was said.
  expect(costOf(usage, prices)).toBe((300 * 3 + 600 * 0.3 + 100 * 3.75 + 200 * 15) / 1e6);
});

test("what has no price of its own costs what other input costs", () => {
  const usage = { tokensIn: 1_000, cached: 600, cacheWrites: 100, tokensOut: 0, reasoning: 0 };
  expect(costOf(usage, { input: 2, output: 1 })).toBe(0.002);
});

test("all of a call above a size costs what its tier says", () => {
  const tiered = {
    ...prices,
    tiers: [
      { above: 1_000, input: 6, output: 20 },
      { above: 5_000, input: 9, output: 30 },
    ],
  };
  expect(costOf({ ...noUsage, tokensIn: 1_000 }, tiered)).toBe(0.003);
  expect(costOf({ ...noUsage, tokensIn: 1_001, tokensOut: 1 }, tiered)).toBe(0.006026);
  expect(costOf({ ...noUsage, tokensIn: 5_001 }, tiered)).toBe(0.045009);
});

test("what the provider itself says it cost counts, and without any price nothing is said", () => {
  expect(costOf({ ...noUsage, tokensIn: 1_000, cost: 0.000_123 }, prices)).toBe(0.000_123);
  expect(costOf({ ...noUsage, tokensIn: 1_000 }, null)).toBeNull();
});
