import { beforeAll, expect, test, vi } from "vitest";
import type { ModelProfile } from "../profiles/model-profile.ts";
import { type Catalogue, loadCatalogue } from "./catalogue.ts";
import { familyOf } from "./families.ts";
import { knowFacts } from "./known-facts.ts";

let catalogue: Catalogue;
beforeAll(async () => {
  catalogue = await loadCatalogue();
});

function know(profile: Partial<ModelProfile> & Pick<ModelProfile, "provider" | "model">) {
  return knowFacts({ name: "配置", baseUrl: undefined, ...profile }, catalogue);
}

test("a well-known model of each provider has a window, and prices where they are published in dollars", () => {
  const sold: [ModelProfile["provider"], string, string?][] = [
    ["openai", "gpt-5", "https://api.openai.com/v1"],
    ["anthropic", "claude-sonnet-4-5-20250929"],
    ["google", "gemini-2.5-flash"],
    ["deepseek", "deepseek-v4-flash"],
    ["moonshot", "kimi-k2.5"],
    ["openrouter", "qwen/qwen3-max"],
    ["openai-compatible", "grok-4.3", "https://api.x.ai/v1"],
  ];
  for (const [provider, model, baseUrl] of sold) {
    const { facts, sources } = know({ provider, model, baseUrl });
    expect([provider, sources]).toEqual([provider, { contextWindow: "catalogue", prices: "catalogue" }]);
    expect(facts.contextWindow).toBeGreaterThanOrEqual(128_000);
    expect(facts.prices?.input).toBeGreaterThan(0);
    expect(facts.prices?.output).toBeGreaterThan(facts.prices?.input ?? 0);
  }
  const { facts, sources } = know({ provider: "dashscope", model: "qwen3-max" });
  expect(sources).toEqual({ contextWindow: "catalogue", prices: "unknown" });
  expect(facts).toMatchObject({ contextWindow: 262_144, maxOutputTokens: 65_536, prices: null });
});

test("what the profile says outranks the catalogue", () => {
  const given = {
    contextWindow: 50_000,
    maxOutputTokens: 2_000,
    vision: false,
    prices: { input: 7, output: 9 },
  };
  const { facts, sources } = know({ provider: "anthropic", model: "claude-sonnet-4-5", ...given });
  expect({ ...facts }).toEqual({ profile: "配置", ...given });
  expect(sources).toEqual({ contextWindow: "profile", prices: "profile" });
});

test("of an unknown model the window is assumed, prices are not", () => {
  const unknown = know({ provider: "openai-compatible", model: "自家模型", baseUrl: "http://10.0.0.1/v1" });
  expect({ ...unknown.facts }).toEqual({
    profile: "配置",
    contextWindow: 128_000,
    maxOutputTokens: undefined,
    vision: false,
    prices: null,
  });
  expect(unknown.sources).toEqual({ contextWindow: "assumed", prices: "unknown" });
  expect(know({ provider: "ollama", model: "qwen3:8b" }).facts.contextWindow).toBe(32_768);
});

test("a model of OpenAI's name at another address has no price of OpenAI's", () => {
  const { facts } = know({ provider: "openai", model: "gpt-5", baseUrl: "http://10.0.0.1/v1" });
  expect(facts.prices).toBeNull();
});

test("prices that depend on the size of a call are tiers", () => {
  const { facts } = know({ provider: "google", model: "gemini-2.5-pro" });
  expect(facts.prices).toEqual({
    input: 1.25,
    output: 10,
    cached: 0.125,
    cacheWrites: undefined,
    tiers: [{ above: 200_000, input: 2.5, output: 15, cached: 0.25, cacheWrites: undefined }],
  });
});

test("prices that change with the hour are those of the call's hour", () => {
  const { facts } = know({ provider: "deepseek", model: "deepseek-v4-pro" });
  const at = (time: string) => {
    vi.setSystemTime(new Date(time));
    return facts.prices?.input;
  };
  vi.useFakeTimers({ toFake: ["Date"] });
  const [night, busy] = [at("2026-11-27T20:00:00Z"), at("2026-11-27T02:00:00Z")];
  vi.useRealTimers();
  expect(busy).toBeGreaterThan(night ?? Number.POSITIVE_INFINITY);
});

test.each([
  ["gpt-5.2", true],
  ["gpt-oss-120b", false],
  ["o3-mini", false],
  ["o3", true],
  ["anthropic/claude-sonnet-4.5", true],
  ["deepseek-chat", false],
  ["qwen3-vl-plus", true],
  ["qwen2.5vl:7b", true],
  ["qwen3-max", false],
  ["Qwen/Qwen2.5-VL-72B-Instruct", true],
  ["moonshot-v1-32k-vision-preview", true],
  ["kimi-k2-thinking", false],
  ["kimi-k2.5", true],
  ["glm-4.5v", true],
  ["glm-4.6", false],
  ["llama3.2-vision:11b", true],
  ["自家模型", false],
])("%s sees: %s", (model, vision) => {
  expect(familyOf(model)?.vision ?? false).toBe(vision);
});
