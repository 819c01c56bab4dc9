import fc from "fast-check";
import { expect, test } from "vitest";
import type { ChatMessage } from "../../protocol/message.ts";
import type { ConversationMessage } from "../model/model.ts";
import { beginContext, type ContextRecord } from "./context-record.ts";
import { findBoundary } from "./plan-cut.ts";
import { resultPath } from "./result-file.ts";
import { toolNames, viewConversation, viewMessage } from "./view.ts";

const setting = { directory: "报告", images: new Map() };
const empty = beginContext([{ name: "任务", text: "你是助手" }]);

function said(content: string, attachments: string[] = []): ConversationMessage {
  return {
    payload: { role: "user", content },
    ...(attachments.length > 0 && { notes: { attachments } }),
  };
}

function called(...ids: string[]): ConversationMessage {
  const tool_calls = ids.map((id) => ({
    id,
    type: "function" as const,
    function: { name: "read", arguments: '{"path":"甲.md"}' },
  }));
  return { payload: { role: "assistant", content: null, tool_calls } };
}

function answered(id: string, content: string): ConversationMessage {
  return { payload: { role: "tool", tool_call_id: id, content } };
}

/** A conversation as the loop makes it: messages, and steps with one to three calls, each answered. */
const conversations = fc
  .array(
    fc.oneof(
      fc.record({ kind: fc.constant("user" as const), length: fc.integer({ min: 1, max: 6_000 }) }),
      fc.record({
        kind: fc.constant("step" as const),
        sizes: fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 3 }),
      }),
    ),
    { minLength: 1, maxLength: 25 },
  )
  .map((turns) => [
    said("请把全部合同汇总成一份表格"),
    ...turns.flatMap((turn, number) =>
      turn.kind === "user"
        ? [said(`第${number}句：${"说".repeat(turn.length)}`)]
        : [
            called(...turn.sizes.map((_, call) => `c${number}-${call}`)),
            ...turn.sizes.map((size, call) => answered(`c${number}-${call}`, "数据".repeat(size))),
          ],
    ),
  ]);

/** A record as cuts make it: boundaries never lie between a call and its results. */
const cuts = fc.tuple(conversations, fc.integer({ min: 0, max: 400_000 }), fc.nat(), fc.boolean());

function cut([messages, whole, pruned, isSummarized]: [ConversationMessage[], number, number, boolean]) {
  const boundary = findBoundary(messages, whole);
  const lastSaid = messages.slice(0, boundary).findLast(({ payload }) => payload.role === "user");
  const record: ContextRecord = {
    ...empty,
    prunedBefore: pruned % (messages.length + 1),
    ...(isSummarized &&
      boundary > 0 && {
        summarizedBefore: boundary,
        summary: "目标：汇总合同",
        kept: [{ idx: 0, content: lastSaid?.payload.content ?? "" }],
      }),
  };
  return { messages, boundary, record };
}

/** Whether every result stands behind its call and before the next answer, and no call is without one. */
function isPaired(messages: readonly ConversationMessage[]): boolean {
  let open: string[] = [];
  for (const { payload } of messages) {
    if (payload.role === "tool") {
      if (!open.includes(payload.tool_call_id)) return false;
      open = open.filter((id) => id !== payload.tool_call_id);
    } else {
      if (open.length > 0) return false;
      if (payload.role === "assistant") open = (payload.tool_calls ?? []).map(({ id }) => id);
    }
  }
  return open.length === 0;
}

test("whatever is cut, calls and results stay paired and the newest words of the person are shown whole", () => {
  fc.assert(
    fc.property(cuts, (given) => {
      const { messages, record } = cut(given);
      const shown = viewConversation(record, messages, 0, setting);
      expect(isPaired(shown)).toBe(true);
      expect(shown[0]?.payload.role).toBe("user");
      const newest = messages.findLast(({ payload }) => payload.role === "user")?.payload.content ?? "";
      const words = shown.flatMap(({ payload }) => (payload.role === "user" ? [payload.content] : []));
      expect(words.some((text) => text.includes(newest))).toBe(true);
      if (record.summary !== "") expect(words[0]).toContain(record.summary);
    }),
    { numRuns: 150 },
  );
});

test("a view is the same whether the messages before the summary are at hand or not", () => {
  fc.assert(
    fc.property(cuts, (given) => {
      const { messages, record } = cut(given);
      const start = record.summarizedBefore;
      expect(viewConversation(record, messages.slice(start), start, setting)).toEqual(
        viewConversation(record, messages, 0, setting),
      );
    }),
    { numRuns: 60 },
  );
});

test("a conversation that grows is shown as before and more", () => {
  fc.assert(
    fc.property(cuts, fc.nat(), (given, at) => {
      const { messages, boundary, record } = cut(given);
      const length = boundary + (at % (messages.length - boundary)) + 1;
      const some = { ...record, prunedBefore: Math.min(record.prunedBefore, boundary) };
      const before = viewConversation(some, messages.slice(0, length), 0, setting);
      const after = viewConversation(some, messages, 0, setting);
      expect(after.slice(0, before.length)).toEqual(before);
      const added = messages
        .slice(length)
        .map((message, offset) => viewMessage(some, message, length + offset, setting, new Map()));
      expect([...before, ...added]).toEqual(after);
    }),
    { numRuns: 60 },
  );
});

test("an old large result is its head, its tail and the file that holds it; a small one stays as it is", () => {
  const large = `头${"字".repeat(9_000)}尾`;
  const messages = [said("看"), called("a", "b"), answered("a", large), answered("b", "小")];
  const shown = viewConversation({ ...empty, prunedBefore: 4 }, messages, 0, setting);
  const content = shown[2]?.payload.content ?? "";
  expect(content).toMatch(/^头字+\n\[7,502 characters of this old result are left out here/);
  expect(content).toContain(`The whole result is in ${resultPath("2-read", large)}:`);
  expect(content).toMatch(/字尾$/);
  expect(shown[3]).toBe(messages[3]);
  const unkept = viewConversation({ ...empty, prunedBefore: 4, notKept: [2] }, messages, 0, setting);
  expect(unkept[2]?.payload.content).toContain("Make the call again");
});

test("a cut never leaves half a character", () => {
  const large = `${"a".repeat(749)}😀${"b".repeat(9_000)}😀${"c".repeat(749)}`;
  const messages = [said("看"), called("a"), answered("a", large)];
  const shown = viewConversation({ ...empty, prunedBefore: 3 }, messages, 0, setting);
  expect(shown[2]?.payload.content?.isWellFormed()).toBe(true);
});

test("a message names the files that came with it as the tools know them", () => {
  const [shown] = viewConversation(
    empty,
    [said("看附件", ["报告/一月.docx", '报告/子/"引".csv'])],
    0,
    setting,
  );
  expect(shown?.payload.content).toBe(
    '看附件\n\n[Files that came with this message: "一月.docx", "子/\\"引\\".csv"]',
  );
});

test("pictures are shown where they can be, and no longer once their message is old", () => {
  const hash = "0".repeat(64);
  const image = { mediaType: "image/png", name: "", data: "AAAA" } as const;
  const message = { ...said("看图"), notes: { images: [{ hash, media_type: "image/png", name: "图.png" }] } };
  const seeing = { directory: "", images: new Map([[hash, image]]) };
  expect(viewConversation(empty, [message], 0, seeing)[0]?.images).toEqual([{ ...image, name: "图.png" }]);
  expect(viewConversation({ ...empty, prunedBefore: 1 }, [message], 0, seeing)[0]?.images).toBeUndefined();
  expect(viewConversation(empty, [message], 0, setting)[0]?.images).toBeUndefined();
});

test("names of tools are found by their calls", () => {
  const payload: ChatMessage = called("x").payload;
  expect(toolNames([{ payload }])).toEqual(new Map([["x", "read"]]));
});
