import { expect, test } from "vitest";
import { request, setUpChatModel } from "../../../../test/support/chat-model.ts";
import { says } from "../../../../test/support/model-turn.ts";
import type { ConversationMessage, Image, ModelRequest } from "../model.ts";

const chat = setUpChatModel();

const picture = (name: string, data: string): Image => ({ mediaType: "image/png", name, data });
const shown = (data: string) => ({ type: "image_url", image_url: { url: `data:image/png;base64,${data}` } });
const call = (id: string) => ({ id, type: "function" as const, function: { name: "read", arguments: "{}" } });

const turn: ConversationMessage[] = [
  { payload: { role: "user", content: "看这张图" }, images: [picture("图.png", "AAAA")] },
  { payload: { role: "assistant", content: null, tool_calls: [call("c1"), call("c2")] } },
  {
    payload: { role: "tool", tool_call_id: "c1", content: "甲.png，图片" },
    images: [picture("甲.png", "BBBB")],
  },
  { payload: { role: "tool", tool_call_id: "c2", content: "文字" } },
];
const after: ConversationMessage[] = [
  { payload: { role: "assistant", content: "看到了" } },
  { payload: { role: "user", content: "继续" } },
];
const with_ = (messages: ConversationMessage[]): ModelRequest => ({ ...request, messages });

test("pictures go with the person's words, and those of tools behind the turn's last result", async () => {
  const model = chat.modelOf({ vision: true });
  await chat.call(says("好"), model, with_(turn));
  expect(chat.sentMessages(0).slice(1)).toEqual([
    { role: "user", content: [{ type: "text", text: "看这张图" }, shown("AAAA")] },
    expect.objectContaining({ role: "assistant" }),
    turn[2]?.payload,
    turn[3]?.payload,
    { role: "user", content: [{ type: "text", text: "What tool call c1 shows: 甲.png" }, shown("BBBB")] },
  ]);
});

test("a longer conversation with pictures begins as the shorter one", async () => {
  const model = chat.modelOf({ vision: true });
  await chat.call(says("好"), model, with_(turn));
  await chat.call(says("好"), model, with_([...turn, ...after]));
  const [first, second] = [chat.sentMessages(0), chat.sentMessages(1)];
  expect(second.slice(0, first.length)).toEqual(first);
  expect(second.slice(first.length)).toEqual(after.map(({ payload }) => payload));
});

test("a model that sees nothing is sent the text alone", async () => {
  await chat.call(says("好"), chat.modelOf(), with_(turn));
  expect(chat.sentMessages(0).slice(1)).toEqual(turn.map(({ payload }) => payload));
});
