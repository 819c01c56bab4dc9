import { expect, test } from "vitest";
import type { ConversationMessage } from "../../model/model.ts";
import { estimateTokens } from "../count-tokens.ts";
import { writeTranscript } from "./transcript.ts";

const call = {
  id: "c",
  type: "function" as const,
  function: { name: "read", arguments: '{"path":"甲.md"}' },
};
const step: ConversationMessage[] = [
  { payload: { role: "assistant", content: "看看", tool_calls: [call] } },
  { payload: { role: "tool", tool_call_id: "c", content: `头${"长".repeat(50_000)}尾` } },
];
const asked: ConversationMessage = {
  payload: { role: "user", content: "汇总合同" },
  notes: { attachments: ["合同/一.docx"] },
};

test("a record tells who said and did what, and of long results beginning and end", () => {
  const [part = "", ...others] = writeTranscript([asked, ...step], 20_000, 6);
  expect(others).toEqual([]);
  expect(part).toMatch(
    /^## User\n汇总合同\n\(with the files 合同\/一.docx\)\n\n## Assistant\n看看\n-> read \{"path":"甲.md"\}/,
  );
  expect(part).toMatch(/## Result of read\n头长+\n\[\.\.\. 48,?802 characters \.\.\.\]\n长+尾$/);
});

test("however much there is, the parts are as many and as large as they may be, first and last words among them", () => {
  const last: ConversationMessage = { payload: { role: "user", content: "最后一句" } };
  const parts = writeTranscript([asked, ...Array.from({ length: 2_000 }, () => step).flat(), last], 3_000, 4);
  expect(parts).toHaveLength(4);
  for (const part of parts) expect(estimateTokens(part)).toBeLessThan(3_100);
  expect(parts[0]).toContain("汇总合同");
  expect(parts.at(-1)).toContain("最后一句");
  expect(parts.join("")).toContain("left out here");
});

test("one message that is larger than a part is cut to it", () => {
  const parts = writeTranscript([{ payload: { role: "user", content: "话".repeat(100_000) } }], 2_000, 4);
  expect(parts).toHaveLength(1);
  expect(estimateTokens(parts[0] ?? "")).toBeLessThan(2_100);
});
