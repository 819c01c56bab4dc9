import { expect, test } from "vitest";
import { readPairs, splitCommand } from "./read-settings.ts";

test("a command line is split at its blanks, but not within quotes", () => {
  expect(splitCommand(`npx -y some-server "报告 目录" 'a b'`)).toEqual([
    "npx",
    "-y",
    "some-server",
    "报告 目录",
    "a b",
  ]);
  expect(splitCommand("  ")).toEqual([]);
});

test("pairs are read a line each, and values may hold the sign that parts them", () => {
  expect(readPairs("Authorization: Bearer a:b\n\nX-Team:  合同 \n坏行", ":")).toEqual({
    Authorization: "Bearer a:b",
    "X-Team": "合同",
  });
  expect(readPairs("KEY=a=b\n=没有名字", "=")).toEqual({ KEY: "a=b" });
});
