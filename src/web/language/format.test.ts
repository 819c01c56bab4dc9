import { expect, test } from "vitest";
import { createFormat } from "./format.ts";

test("sizes are in the unit that fits", () => {
  const { bytes } = createFormat("en");
  expect([0, 1, 1023, 1024, 1536, 5 * 1024 ** 3].map(bytes)).toEqual([
    "0 B",
    "1 B",
    "1,023 B",
    "1 KB",
    "1.5 KB",
    "5 GB",
  ]);
});

test("lengths of time read in the language", () => {
  expect(createFormat("en").duration(2412)).toBe("2.4s");
  expect(createFormat("zh").duration(95_000)).toBe("1分钟 35秒");
});

test("a moment is told the coarser the older it is", () => {
  const { moment } = createFormat("zh");
  const ago = (milliseconds: number) => new Date(Date.now() - milliseconds).toISOString();
  expect(moment(ago(0))).toBe("现在");
  expect(moment(ago(5 * 60_000 + 1))).toBe("5分钟前");
  expect(moment("2020-05-03T12:00:00.000Z")).toBe("2020年5月3日");
});

test("small sums of money keep their telling digits", () => {
  const { money } = createFormat("en");
  expect([0, 0.000123, 0.0456, 0.5, 1.005, 1234.5].map(money)).toEqual([
    "$0.00",
    "$0.00012",
    "$0.046",
    "$0.50",
    "$1.01",
    "$1,234.50",
  ]);
  expect(createFormat("zh").money(0.0456)).toBe("US$0.046");
});
