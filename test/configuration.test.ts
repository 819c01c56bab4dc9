import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { configurationPage, environmentExample } from "../scripts/print-configuration.ts";
import { settingsSchema } from "../scripts/settings-schema.ts";

test("the documentation of the settings is as the schema has them", () => {
  const read = (name: string) => readFileSync(join(import.meta.dirname, "..", name), "utf8");
  expect(read("docs/configuration.md")).toBe(configurationPage());
  expect(read(".env.example")).toBe(environmentExample());
  expect(read("docs/zcbot.schema.json")).toBe(settingsSchema());
});
