import { expect, test } from "vitest";
import { loadConfig } from "../../../server/settings/config.ts";
import { checkModels } from "./check-models.ts";

async function told(environment: Record<string, string>): Promise<string | undefined> {
  const config = loadConfig({ flags: { dataDir: "/nowhere" }, environment, cwd: "/nowhere" });
  const checks = await checkModels(config, false, new AbortController().signal);
  return checks[0]?.text;
}

test("what a model holds and costs is told with where that is from", async () => {
  expect(await told({ ZCBOT_MODEL: "anthropic/claude-sonnet-4-5", ANTHROPIC_API_KEY: "k" })).toMatch(
    /window 200,000 tokens \(from the catalogue\), \$3 in and \$15 out per million \(from the catalogue\)$/,
  );
  expect(await told({ ZCBOT_MODEL: "ollama/自家模型" })).toMatch(
    /window 32,768 tokens \(assumed; contextWindow sets it\), prices unknown$/,
  );
});
