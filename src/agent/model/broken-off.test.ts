import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type ModelServer, startModelServer } from "../../../test/support/model-server.ts";
import { says, type Turn } from "../../../test/support/model-turn.ts";
import { createModel } from "./create-model.ts";
import type { Model, Usage } from "./model.ts";
import { resolveProfiles } from "./profiles/resolve-profiles.ts";

let models: ModelServer;
beforeAll(async () => {
  models = await startModelServer();
});
beforeEach(() => models.reset());
afterAll(() => models.close());

type Name = "anthropic" | "google" | "openai" | "moonshot";

function modelOf(provider: Name): Model {
  const names = {
    anthropic: "claude-sonnet-4-5",
    google: "gemini-2.5-flash",
    openai: "gpt-5",
    moonshot: "kimi-k2.5",
  };
  const variables = [
    "ANTHROPIC_API_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "OPENAI_API_KEY",
    "MOONSHOT_API_KEY",
  ];
  const resolved = resolveProfiles({
    environment: Object.fromEntries(variables.map((name) => [name, "k"])),
    file: { profiles: { 试验: { provider, model: names[provider] } } },
  });
  if ("problems" in resolved) throw new Error(resolved.problems.join(" "));
  const profile = resolved.profiles.get("试验");
  if (!profile) throw new Error("no profile");
  return createModel({ ...profile, baseUrl: models.url });
}

/** What a call says was used that ends without an answer: cut off by the provider, or stopped at its first word. */
async function spent(provider: Name, turn: Turn, stops: boolean): Promise<Usage | undefined> {
  models.script(turn);
  const controller = new AbortController();
  let usage: Usage | undefined;
  const answer = modelOf(provider).call(
    { system: "你是助手。", tools: [], messages: [{ payload: { role: "user", content: "你好" } }] },
    () => stops && controller.abort("够了"),
    controller.signal,
    (used) => {
      usage = used;
    },
  );
  await expect(answer).rejects.toBeDefined();
  return usage;
}

const used = { input: 5_000, output: 300, cached: 4_000, cacheWrites: 500 };
const said = says("好", "的", "吗");

test.each([true, false])("Anthropic has said what went in: stopped %s", async (stops) => {
  const turn = { ...said, usage: used, ...(stops ? { stallAfter: 2 } : { resetAfter: 2 }) };
  expect(await spent("anthropic", turn, stops)).toEqual({
    tokensIn: 5_000,
    cached: 4_000,
    cacheWrites: 500,
    tokensOut: 1,
    reasoning: 0,
  });
});

test("Google says it with each piece", async () => {
  const usageMetadata = {
    promptTokenCount: 900,
    candidatesTokenCount: 20,
    thoughtsTokenCount: 5,
    totalTokenCount: 925,
  };
  const candidates = [{ index: 0, content: { role: "model", parts: [{ text: "好" }] } }];
  const turn = { parts: [{ chunk: { candidates, usageMetadata } }, ...(said.parts ?? [])], stallAfter: 2 };
  expect(await spent("google", turn, true)).toMatchObject({ tokensIn: 900, tokensOut: 25, reasoning: 5 });
});

test("a server of /chat/completions that says it with each piece is believed", async () => {
  const turn: Turn = { ...said, usage: used, usageIn: "every-chunk", stallAfter: 2 };
  expect(await spent("moonshot", turn, true)).toMatchObject({ tokensIn: 5_000, cached: 4_000 });
});

test.each(["openai", "moonshot"] as const)(
  "%s, that says it at the end, has said nothing",
  async (provider) => {
    expect(await spent(provider, { ...said, usage: used, stallAfter: 2 }, true)).toBeUndefined();
  },
);
