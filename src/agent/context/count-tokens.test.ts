import { expect, test } from "vitest";
import { estimateTokens, messageTokens } from "./count-tokens.ts";

// What tokenizers of today's models make of these, from their least to their most.
const known: [what: string, text: string, least: number, most: number][] = [
  ["English prose", "The quick brown fox jumps over the lazy dog. ".repeat(100), 950, 1_300],
  ["Chinese prose", "各省、自治区、直辖市人民政府：现将有关事项通知如下。".repeat(100), 1_500, 2_700],
  ["JSON", JSON.stringify({ path: "src/agent/报告.md", lines: [1, 20, 300] }).repeat(100), 1_600, 2_700],
  [
    "indented code",
    "    const total = rows.reduce((sum, row) => sum + row.amount, 0);\n".repeat(100),
    1_700,
    2_600,
  ],
  ["nothing", "", 0, 0],
];

test.each(known)("%s is counted about as tokenizers do", (_what, text, least, most) => {
  const tokens = estimateTokens(text);
  expect(tokens).toBeGreaterThanOrEqual(least);
  expect(tokens).toBeLessThanOrEqual(most);
});

test("a message counts with its calls and its pictures", () => {
  const plain = messageTokens({ payload: { role: "user", content: "看图" } });
  const image = { mediaType: "image/png", name: "图.png", data: "A".repeat(100_000) } as const;
  expect(messageTokens({ payload: { role: "user", content: "看图" }, images: [image] })).toBe(plain + 1_500);
  const call = {
    id: "c",
    type: "function" as const,
    function: { name: "write", arguments: '"字"'.repeat(100) },
  };
  expect(
    messageTokens({ payload: { role: "assistant", content: null, tool_calls: [call] } }),
  ).toBeGreaterThan(150);
});
