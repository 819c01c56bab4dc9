import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { expect, test } from "vitest";
import { configurationPage, environmentExample } from "../scripts/print-configuration.ts";
import { settingsSchema } from "../scripts/settings-schema.ts";
import { resolveProfiles } from "../src/agent/model/profiles/resolve-profiles.ts";
import { Settings } from "../src/server/settings/settings.ts";

test("the documentation of the settings is as the schema has them", () => {
  const read = (name: string) => readFileSync(join(import.meta.dirname, "..", name), "utf8");
  expect(read("docs/configuration.md")).toBe(configurationPage());
  expect(read(".env.example")).toBe(environmentExample());
  expect(read("docs/zcbot.schema.json")).toBe(settingsSchema());
});

test("the example of zcbot.jsonc in the handbook is one that zcbot takes", () => {
  const page = readFileSync(join(import.meta.dirname, "../docs/operations.md"), "utf8");
  const examples = [...page.matchAll(/```jsonc\n(.*?)```/gs)].map(([, example = ""]) => parse(example));
  expect(examples.length).toBeGreaterThan(0);
  for (const { $schema, ...example } of examples) {
    const { profiles, defaultProfile } = Settings.parse(example);
    const keys = [
      "ANTHROPIC_API_KEY",
      "OPENAI_API_KEY",
      "DEEPSEEK_API_KEY",
      "DASHSCOPE_API_KEY",
      "HOUSE_KEY",
    ];
    const environment = Object.fromEntries(keys.map((name) => [name, "k"]));
    expect(resolveProfiles({ environment, file: { profiles, defaultProfile } })).not.toHaveProperty(
      "problems",
    );
  }
});
