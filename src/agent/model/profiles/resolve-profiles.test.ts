import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createModel } from "../create-model.ts";
import type { ProfilesFile } from "./model-profile.ts";
import { fallbackChain } from "./references.ts";
import { type ProfileSettings, resolveProfiles } from "./resolve-profiles.ts";

function resolve(settings: Partial<ProfileSettings>) {
  const result = resolveProfiles({ environment: {}, ...settings });
  if ("problems" in result) throw new Error(result.problems.join("\n"));
  const profile = result.profiles.get(result.default);
  if (!profile) throw new Error("the default profile is missing");
  return { ...result, profile };
}

function problems(settings: Partial<ProfileSettings>): string[] {
  const result = resolveProfiles({ environment: {}, ...settings });
  return "problems" in result ? result.problems : [];
}

const file: ProfilesFile = {
  profiles: {
    快: { provider: "deepseek", model: "deepseek-chat" },
    深: { provider: "anthropic", model: "claude-opus-4-5", maxOutputTokens: 9_000 },
  },
  defaultProfile: "深",
};
const keys = { DEEPSEEK_API_KEY: "key-1", ANTHROPIC_API_KEY: "key-2" };

test("without a key and without a name the demo answers", () => {
  const { profile, profiles } = resolve({});
  expect(profile).toMatchObject({ name: "demo", provider: "demo", wire: "demo" });
  expect(profiles.size).toBe(1);
  expect(createModel(profile).id).toBe("demo");
});

test("ZCBOT_MODEL names provider and model, slashes in the model's name included", () => {
  const { profile } = resolve({
    environment: { OPENROUTER_API_KEY: "key" },
    defaultModel: "openrouter/deepseek/deepseek-chat",
  });
  expect(profile).toMatchObject({
    name: "openrouter/deepseek/deepseek-chat",
    provider: "openrouter",
    model: "deepseek/deepseek-chat",
    wire: "chat",
    baseUrl: "https://openrouter.ai/api/v1",
  });
});

test("openai speaks /responses at home and /chat/completions elsewhere", () => {
  const environment = { OPENAI_API_KEY: "key" };
  expect(resolve({ environment, defaultModel: "openai/gpt-5" }).profile.wire).toBe("openai");
  const moved = { ...environment, OPENAI_BASE_URL: "http://127.0.0.1:9/v1" };
  expect(resolve({ environment: moved, defaultModel: "openai/gpt-5" }).profile).toMatchObject({
    wire: "chat",
    baseUrl: "http://127.0.0.1:9/v1",
  });
});

test("a server of one's own and Ollama need no key", () => {
  const environment = { OPENAI_BASE_URL: "http://127.0.0.1:9/v1" };
  expect(resolve({ environment, defaultModel: "openai-compatible/qwen" }).profile.readKey()).toBe("");
  expect(resolve({ defaultModel: "ollama/qwen3" }).profile.baseUrl).toBe("http://127.0.0.1:11434/v1");
});

test("a file brings several profiles, of which one is the default", () => {
  const { profiles, profile } = resolve({ environment: keys, file });
  expect([...profiles.keys()]).toEqual(["快", "深"]);
  expect(profile).toMatchObject({ name: "深", maxOutputTokens: 9_000, wire: "anthropic" });
});

test("ZCBOT_MODEL chooses among a file's profiles, or adds one to them", () => {
  expect(resolve({ environment: keys, file, defaultModel: "快" }).profile.model).toBe("deepseek-chat");
  const added = resolve({ environment: keys, file, defaultModel: "demo" });
  expect([...added.profiles.keys()]).toEqual(["快", "深", "demo"]);
});

test.each<[string, Partial<ProfileSettings>, string]>([
  ["a key alone", { environment: { DEEPSEEK_API_KEY: "key" } }, "ZCBOT_MODEL=deepseek/<model>"],
  [
    "an address alone",
    { environment: { OPENAI_BASE_URL: "http://127.0.0.1:9/v1", OPENAI_API_KEY: "key" } },
    "ZCBOT_MODEL=openai-compatible/<model>",
  ],
  ["a model without its key", { defaultModel: "anthropic/claude" }, "ANTHROPIC_API_KEY"],
  [
    "a key variable without a key",
    { file: { profiles: { 甲: { provider: "ollama", model: "m", apiKeyVariable: "MY_KEY" } } } },
    "MY_KEY",
  ],
  ["a server without its address", { defaultModel: "openai-compatible/qwen" }, "OPENAI_BASE_URL"],
  [
    "an address that is none",
    { defaultModel: "ollama/q", environment: { OLLAMA_BASE_URL: "localhost:11434" } },
    "OLLAMA_BASE_URL",
  ],
  ["an unknown provider", { defaultModel: "别家/模型" }, "providers are openai,"],
  ["a provider without a model", { defaultModel: "deepseek" }, "deepseek/<model>"],
  ["an empty model", { defaultModel: "deepseek/" }, "deepseek/<model>"],
  ["a default that is missing", { environment: keys, file: { ...file, defaultProfile: "慢" } }, '"慢"'],
  [
    "several profiles without a default",
    { environment: keys, file: { profiles: file.profiles } },
    "defaultProfile",
  ],
])("%s is a problem that says what to set", (_name, settings, words) => {
  expect(problems(settings).join("\n")).toContain(words);
});

test("all problems come at once", () => {
  expect(problems({ file: { ...file, defaultProfile: "慢" } })).toHaveLength(3);
});

test("no profile shows its key or headers when printed or logged", () => {
  const secret = "secret-of-the-tests";
  const { profile } = resolve({
    environment: { MY_KEY: secret },
    file: {
      profiles: {
        甲: {
          provider: "deepseek",
          model: "m",
          apiKeyVariable: "MY_KEY",
          headers: { "x-token": `${secret}-2` },
        },
      },
    },
  });
  const shown = inspect([profile, createModel(profile)], { depth: 9 }) + JSON.stringify(profile);
  expect(shown).not.toContain(secret);
});

describe("profiles that name profiles", () => {
  const ollama = { provider: "ollama", model: "m" } as const;

  test("are told apart from all that is wrong, at once", () => {
    const result = resolveProfiles({
      environment: {},
      file: {
        defaultProfile: "甲",
        profiles: {
          甲: { ...ollama, fallback: ["没有", "甲"], summaryProfile: "也没有" },
          乙: { ...ollama, fallback: ["丙"] },
          丙: { ...ollama, fallback: ["丁"] },
          丁: { ...ollama, fallback: ["乙"] },
          戊: { ...ollama, fallback: ["无钥匙"] },
          无钥匙: { provider: "deepseek", model: "m" },
        },
      },
    });
    expect("problems" in result && result.problems).toEqual([
      "Model profile 无钥匙: set DEEPSEEK_API_KEY to the key of deepseek.",
      'Model profile 甲: fallback names "没有", which is no profile.',
      "Model profile 甲: it cannot be a fallback of itself.",
      'Model profile 甲: summaryProfile names "也没有", which is no profile.',
      "Model profiles fall back in a circle: 乙 → 丙 → 丁 → 乙.",
    ]);
  });

  test("make a chain, each followed by its own", () => {
    const { profiles } = resolve({
      defaultModel: "ollama/默认",
      file: {
        profiles: {
          甲: { ...ollama, fallback: ["乙", "丙", "ollama/默认"], summaryProfile: "丙" },
          乙: { ...ollama, fallback: ["丁", "丙"] },
          丙: ollama,
          丁: ollama,
        },
      },
    });
    expect(fallbackChain("甲", profiles)).toEqual(["乙", "丁", "丙", "ollama/默认"]);
  });

  test("carry instructions and rules", () => {
    const approvals = [{ tool: "bash", argument: "git push*", action: "ask" as const }];
    const { profile } = resolve({
      file: { profiles: { 甲: { ...ollama, instructions: "用中文回答。", approvals } } },
    });
    expect(profile).toMatchObject({
      instructions: "用中文回答。",
      approvals,
      fallback: [],
      summaryProfile: undefined,
    });
  });
});
