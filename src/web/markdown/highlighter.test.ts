import { expect, test } from "vitest";
import { highlighter } from "./highlighter.ts";

const themes: ["github-light", "github-dark"] = ["github-light", "github-dark"];
const textOf = (result: ReturnType<typeof highlighter.highlight>) =>
  result?.tokens.map((line) => line.map((token) => token.content).join("")).join("\n");

test("code that streams, or is in no known language, is given back whole and plain", () => {
  const code = "第一行\n\n第三行";
  for (const options of [
    { language: "" },
    { language: "文言" },
    { language: "python", isIncomplete: true },
  ]) {
    expect(textOf(highlighter.highlight({ code, themes, ...options }))).toBe(code);
  }
});

test("finished code is coloured for light and dark, and the second time at once", async () => {
  const options = { code: "def 汇总():\n    return 1", language: "py", themes };
  const coloured = await new Promise<ReturnType<typeof highlighter.highlight>>((resolve) => {
    expect(textOf(highlighter.highlight(options, resolve))).toBe(options.code);
  });
  expect(textOf(coloured)).toBe(options.code);
  expect(coloured?.tokens[0]?.[0]?.htmlStyle).toHaveProperty("--shiki-dark");
  expect(highlighter.highlight(options)).toBe(coloured);
});
