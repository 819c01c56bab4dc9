import { createModels, type Models } from "../../../server/models.ts";
import type { Config } from "../../../server/settings/config.ts";
import { type Check, failed, ok, warning, wordsOf } from "../report.ts";

const name = "model";
const patienceMs = 60_000;

/** Looks at the configured profiles; with `call` each of them is asked for a word, which its provider may charge. */
export async function checkModels(config: Config, call: boolean, signal: AbortSignal): Promise<Check[]> {
  const { profiles, default: defaultName } = config.models;
  const models = await createModels(config.models, Math.min(config.limits.stallMs, patienceMs));
  const checks: Check[] = [];
  for (const profile of profiles.values()) {
    const { keyVariable, readKey, baseUrl } = profile;
    const title = `${profile.name === defaultName ? "default" : "profile"} ${profile.name}`;
    const key =
      keyVariable === undefined
        ? "needs no key"
        : `key in ${keyVariable} ${readKey() === "" ? "not set" : "set"}`;
    if (profile.wire === "demo") {
      const advice = "For a real model set, for example, ZCBOT_MODEL=openai/gpt-5 and OPENAI_API_KEY.";
      checks.push(warning(name, `${title}: the built-in demo, which only follows instructions`, advice));
      continue;
    }
    const what = `${title}: ${profile.provider}/${profile.model}${hostOf(baseUrl)}, ${key}, ${knownOf(models, profile.name)}`;
    checks.push(call ? await ask(models, profile.name, what, signal) : ok(name, what));
  }
  return checks;
}

/** How much the model holds and what it costs, and how that is known. */
function knownOf(models: Models, profile: string): string {
  const known = models.profileFor(profile);
  if (!known) return "";
  const { contextWindow, prices } = known.model.facts;
  const { sources } = known;
  const window = `window ${contextWindow.toLocaleString("en")} tokens (${wordsFor[sources.contextWindow]})`;
  if (!prices) return `${window}, prices unknown`;
  return `${window}, $${prices.input} in and $${prices.output} out per million (${wordsFor[sources.prices]})`;
}

const wordsFor = {
  profile: "as set",
  catalogue: "from the catalogue",
  assumed: "assumed; contextWindow sets it",
  unknown: "unknown",
};

function hostOf(baseUrl: string | undefined): string {
  return baseUrl === undefined ? "" : ` at ${new URL(baseUrl).host}`;
}

/** What a ModelError says holds no key. */
async function ask(models: Models, profile: string, what: string, signal: AbortSignal): Promise<Check> {
  const began = performance.now();
  const patience = AbortSignal.timeout(patienceMs);
  const content = "Answer with the one word: ready";
  try {
    const request = { system: "", tools: [], messages: [{ payload: { role: "user", content } as const }] };
    await models.profileFor(profile)?.model.call(request, () => {}, AbortSignal.any([signal, patience]));
    return ok(name, `${what}; answered in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    signal.throwIfAborted();
    const words = patience.aborted ? `no answer in ${patienceMs / 1000} s` : wordsOf(error);
    return failed(name, `${what}; ${words}`, "Check key, address and the model's name, and try again.");
  }
}
