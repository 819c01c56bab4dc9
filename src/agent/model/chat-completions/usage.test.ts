import { expect, test } from "vitest";
import { setUpChatModel } from "../../../../test/support/chat-model.ts";
import { says } from "../../../../test/support/model-turn.ts";
import { noUsage } from "../model.ts";

const chat = setUpChatModel();

/** What is counted where the stream's last chunk holds this usage object. */
async function counted(usage: unknown, provider: "openai-compatible" | "openrouter" = "openai-compatible") {
  const model = chat.modelOf({ provider, baseUrl: chat.models.url, apiKeyVariable: "OPENAI_API_KEY" });
  const turn = { ...says("好"), usageIn: "nowhere" as const };
  turn.parts = [...(turn.parts ?? []), { chunk: { choices: [], usage } }];
  return (await chat.call(turn, model)).reply.usage;
}

test("every kind of token is counted to the provider's own figures", async () => {
  const { reply } = await chat.call({
    ...says("好"),
    usage: { input: 1_000, output: 80, cached: 640, cacheWrites: 128, reasoning: 60 },
  });
  expect(reply.usage).toEqual({
    tokensIn: 1_000,
    tokensOut: 80,
    cached: 640,
    cacheWrites: 128,
    reasoning: 60,
  });
});

const counts = { prompt_tokens: 1_000, completion_tokens: 80, total_tokens: 1_080 };
const whole = { ...noUsage, tokensIn: 1_000, tokensOut: 80 };

test.each<[string, object, object]>([
  ["OpenAI", { ...counts, prompt_tokens_details: { cached_tokens: 512 } }, { cached: 512 }],
  [
    "DeepSeek",
    {
      ...counts,
      prompt_cache_hit_tokens: 640,
      prompt_cache_miss_tokens: 360,
      completion_tokens_details: { reasoning_tokens: 70 },
    },
    { cached: 640, reasoning: 70 },
  ],
  ["Moonshot", { ...counts, cached_tokens: 768 }, { cached: 768 }],
  [
    "DashScope with a cache of one's own",
    { ...counts, prompt_tokens_details: { cached_tokens: 0, cache_creation_input_tokens: 900 } },
    { cacheWrites: 900 },
  ],
  [
    "OpenRouter before Anthropic",
    { ...counts, prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 200 } },
    { cached: 100, cacheWrites: 200 },
  ],
  [
    "a gateway with Anthropic's words",
    { ...counts, cache_read_input_tokens: 100, cache_creation_input_tokens: 200 },
    { cached: 100, cacheWrites: 200 },
  ],
  [
    "xAI, whose reasoning stands beside what was said",
    {
      prompt_tokens: 1_000,
      completion_tokens: 20,
      total_tokens: 1_080,
      completion_tokens_details: { reasoning_tokens: 60 },
    },
    { reasoning: 60 },
  ],
  [
    "Google, whose reasoning only the total has",
    { prompt_tokens: 1_000, completion_tokens: 20, total_tokens: 1_080 },
    { reasoning: 60 },
  ],
  [
    "a server without details",
    { ...counts, prompt_tokens_details: null, completion_tokens_details: null },
    {},
  ],
  ["nonsense", { ...counts, prompt_tokens_details: { cached_tokens: "much" }, cost: "0.1" }, {}],
])("%s", async (_name, usage, expected) => {
  expect(await counted(usage)).toEqual({ ...whole, ...expected });
});

test("what OpenRouter says a call cost is taken, with what an own key is charged for behind it", async () => {
  expect(await counted({ ...counts, cost: 0.000_42 }, "openrouter")).toMatchObject({ cost: 0.000_42 });
  const behind = { cost: 0.000_02, is_byok: true, cost_details: { upstream_inference_cost: 0.000_4 } };
  expect((await counted({ ...counts, ...behind }, "openrouter")).cost).toBeCloseTo(0.000_42, 9);
});

test("what another server calls cost may be of any currency and is not taken", async () => {
  expect(await counted({ ...counts, cost: 3 })).toEqual(whole);
});
