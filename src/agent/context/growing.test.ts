import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { facts, isAnswered } from "../../../test/support/scripted-agent.ts";
import type { Directory } from "../../workspace/directory.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import type { AgentEvent } from "../agent.ts";
import type { ConversationMessage, Model, ModelRequest } from "../model/model.ts";
import type { ContextRecord } from "./context-record.ts";
import { estimateRequest } from "./context-state.ts";
import { createContext } from "./create-context.ts";

let host: string;
let directory: Directory;

beforeAll(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-生长-"));
  directory = await openDirectory(host);
});
afterAll(() => rm(host, { recursive: true }));

const usage = { tokensIn: 9, tokensOut: 9, cached: 0, cacheWrites: 0, reasoning: 0 };
const window = 24_000;
const model: Model = {
  id: "模型",
  facts: { ...facts, contextWindow: window, maxOutputTokens: 2_000 },
  call: async () => ({ text: "目标：照旧", toolCalls: [], finishReason: "stop", usage }),
};
const sections = [{ name: "任务", text: "你是助手" }];

/** What comes next in a conversation: words of the person, a last word, or a step with up to three results. */
const happenings = fc.array(
  fc.oneof(
    fc.record({ said: fc.integer({ min: 1, max: 3_000 }) }),
    fc.record({ answered: fc.integer({ min: 1, max: 2_000 }) }),
    fc.record({ results: fc.array(fc.integer({ min: 0, max: 4_900 }), { minLength: 1, maxLength: 3 }) }),
    fc.record({ restart: fc.boolean() }),
  ),
  { minLength: 5, maxLength: 60 },
);

function grow(conversation: ConversationMessage[], happening: object, number: number): void {
  const text = (length: number) => `${number}：${"字".repeat(length)}`;
  if ("said" in happening) {
    conversation.push({ payload: { role: "user", content: text(Number(happening.said)) } });
  } else if ("answered" in happening) {
    conversation.push({ payload: { role: "assistant", content: text(Number(happening.answered)) } });
  } else if ("results" in happening && Array.isArray(happening.results)) {
    const calls = happening.results.map((_, index) => ({
      id: `c${number}-${index}`,
      type: "function" as const,
      function: { name: "read", arguments: "{}" },
    }));
    conversation.push({ payload: { role: "assistant", content: null, tool_calls: calls } });
    for (const [index, length] of happening.results.entries()) {
      conversation.push({
        payload: { role: "tool", tool_call_id: `c${number}-${index}`, content: text(Number(length)) },
      });
    }
  }
}

test("however a conversation grows, what is shown fits, is paired, has the newest words, and is cut only where that is said", async () => {
  await fc.assert(
    fc.asyncProperty(happenings, async (sequence) => {
      const conversation: ConversationMessage[] = [{ payload: { role: "user", content: "开始" } }];
      let record: ContextRecord | null = null;
      let events: AgentEvent[] = [];
      let before: ModelRequest | undefined;
      const sink = {
        event: (event: AgentEvent) => void events.push(event),
        context(given: unknown) {
          record = JSON.parse(JSON.stringify(given)) as ContextRecord;
        },
        message: () => 0,
        committed: async () => {},
      };
      const open = (firstIdx: number) =>
        createContext({
          ...{ record, firstIdx, sections, renewSections: async () => sections, isResumed: true },
          ...{ directory, userRoot: directory, directoryName: "", summaryModel: model },
        });
      let firstIdx = 0;
      let held = [...conversation];
      let context = open(0);
      for (const [number, happening] of sequence.entries()) {
        if ("restart" in happening) {
          // Another server holds what stands behind the summary, and nothing else.
          firstIdx = (record as ContextRecord | null)?.summarizedBefore ?? 0;
          held = conversation.slice(firstIdx);
          context = open(firstIdx);
        } else {
          const length = conversation.length;
          grow(conversation, happening, number);
          held.push(...conversation.slice(length));
        }
        events = [];
        const call = { step: 1, model, tools: [], conversation: held };
        const request: ModelRequest = await context.prepare(call, sink, new AbortController().signal);
        const { messages } = request;
        const shown = { sections, summarizedBefore: 0 } as ContextRecord;
        expect(estimateRequest(shown, [], messages)).toBeLessThan(window);
        expect(isAnswered(messages.map(({ payload }) => ({ payload })))).toBe(true);
        const newest = conversation.findLast(({ payload }) => payload.role === "user")?.payload.content ?? "";
        expect(
          messages.some(({ payload }) => payload.role === "user" && payload.content.includes(newest)),
        ).toBe(true);
        if (before && !events.some(({ type }) => type === "compaction")) {
          expect(messages.slice(0, before.messages.length)).toEqual(before.messages);
        }
        before = request;
      }
    }),
    { numRuns: 25 },
  );
});
