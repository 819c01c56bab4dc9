import fc from "fast-check";
import { expect, test } from "vitest";
import { tools } from "../../../../test/support/chat-model.ts";
import { createInlineMarkup } from "./inline-markup.ts";

/** What comes out where the text arrives in these pieces. */
function takeApart(pieces: string[]) {
  const said = { text: "", reasoning: "" };
  const markup = createInlineMarkup(tools, (type, text) => {
    said[type] += text;
  });
  for (const piece of pieces) markup.add(piece);
  markup.end();
  return { ...said, calls: markup.calls() };
}

const word = fc.constantFrom(
  ...["<think>", "</think>", "<thinking>", "<tool_call>", "</tool_call>", "<|tool_calls_section_begin|>"],
  ...[
    "<|tool_calls_section_end|>",
    "<|tool_call_begin|>functions.read:0",
    "<|tool_call_argument_begin|>",
    "{}",
  ],
  ...['{"name":"read","arguments":{"path":"甲"}}', "<function=read>", "<parameter=path>", "</parameter>"],
  ...[
    "read",
    '<tool_call>{"name":"read"}</tool_call>',
    "<arg_key>path</arg_key>",
    "<arg_value>乙</arg_value>",
    "<",
    "<|",
    " ",
    "\n",
    "字",
    "🙂",
    "a < b",
  ],
);
const beginning = fc.constantFrom(
  "",
  "<think>想",
  "\n<think>想</think>\n\n",
  "</think> \n",
  "<thinking></thinking> ",
);
const text = fc
  .tuple(beginning, fc.array(word, { maxLength: 12 }))
  .map(([first, words]) => first + words.join(""));

test("what an answer is taken apart into does not depend on how it is cut", () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat(200), { maxLength: 8 }), (whole, cuts) => {
      const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length];
      const pieces = places.slice(1).map((place, index) => whole.slice(places[index], place));
      expect(takeApart(pieces)).toEqual(takeApart([whole]));
      expect(takeApart([...whole])).toEqual(takeApart([whole]));
    }),
    { numRuns: 150, seed: 5 },
  );
});

test("a call of 100,000 pieces is read before the test's patience ends: in time linear in its length", () => {
  const pieces = Array.from({ length: 100_000 }, () => "内容<");
  const said = takeApart(['<tool_call>{"name":"read","arguments":{"path":"', ...pieces, '"}}</tool_call>']);
  expect(said).toMatchObject({ text: "", calls: [{ name: "read" }] });
  expect(said.calls[0]?.arguments).toHaveLength(300_000 + '{"path":""}'.length);
});

test("what holds no tag comes out as it went in", () => {
  const piece = fc.constantFrom(
    "<",
    ">",
    "|",
    "/",
    "think",
    "tool_call",
    "<|tool",
    "字",
    "🙂",
    "\ud83d",
    "\n",
    " ",
  );
  const plain = fc
    .array(piece, { maxLength: 12 })
    .map((pieces) => pieces.join(""))
    .filter((each) => !/<\/?think>|<tool_call>/.test(each));
  fc.assert(
    fc.property(plain, (whole) => {
      expect(takeApart([...whole])).toEqual({ text: whole, reasoning: "", calls: [] });
    }),
    { numRuns: 60, seed: 5 },
  );
});
