import { describe, expect, test } from "vitest";
import { ApiError } from "../../../protocol/error.ts";
import { RateLimiter } from "./rate-limiter.ts";

/** A limiter on a clock that stands still until it is moved; `take` gives the seconds to wait, 0 where it is taken. */
function startLimiter(perMinute: number) {
  let now = 0;
  const limiter = new RateLimiter(perMinute, () => now);
  const take = (key: string) => {
    try {
      limiter.take(key);
      return 0;
    } catch (error) {
      if (error instanceof ApiError && error.code === "rate_limited") return error.retryAfter;
      throw error;
    }
  };
  return { limiter, take, pass: (seconds: number) => (now += seconds * 1000) };
}

describe("a limit of six a minute", () => {
  test("lets six through, says how long to wait, and then lets one through every ten seconds", () => {
    const { take, pass } = startLimiter(6);
    expect(Array.from({ length: 8 }, () => take("甲"))).toEqual([0, 0, 0, 0, 0, 0, 10, 10]);
    pass(9);
    expect(take("甲")).toBe(1);
    pass(1);
    expect([take("甲"), take("甲")]).toEqual([0, 10]);
    pass(3_600);
    expect(Array.from({ length: 7 }, () => take("甲"))).toEqual([0, 0, 0, 0, 0, 0, 10]);
  });

  test("counts everybody apart, and not what is given back", () => {
    const { limiter, take } = startLimiter(6);
    for (let count = 0; count < 100; count += 1) {
      expect(take("甲")).toBe(0);
      limiter.giveBack("甲");
    }
    for (let count = 0; count < 6; count += 1) take("乙");
    expect([take("乙"), take("甲")]).toEqual([10, 0]);
    limiter.giveBack("乙");
    expect(take("乙")).toBe(0);
    limiter.giveBack("丙");
    expect(take("丙")).toBe(0);
  });
});

test("200,000 addresses take no more room than fifty thousand, and who came last is remembered", () => {
  const { limiter, take } = startLimiter(1);
  for (let index = 0; index < 200_000; index += 1) take(`10.${index}`);
  expect(limiter.size).toBeLessThanOrEqual(50_000);
  expect(take("10.199999")).toBe(60);
});
