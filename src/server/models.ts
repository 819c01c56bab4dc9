import { loadCatalogue } from "../agent/model/catalogue/catalogue.ts";
import type { FactSources } from "../agent/model/catalogue/known-facts.ts";
import { createModel } from "../agent/model/create-model.ts";
import type { Model, ModelFacts, TokenPrices } from "../agent/model/model.ts";
import { fallbackChain } from "../agent/model/profiles/references.ts";
import type { Profiles } from "../agent/model/profiles/resolve-profiles.ts";
import type { ApprovalRule } from "../protocol/agent/approval.ts";
import type { ModelPrices, ModelProfileList } from "../protocol/agent/models.ts";

/** What a profile comes to for a run. */
export interface ProfileInForce {
  model: Model;
  sources: FactSources;
  /** What to go on with, in this order, where the model's provider fails. */
  fallbacks: readonly Model[];
  /** What summarises the conversation; the model itself where the profile names none. */
  summaryModel: Model;
  /** Added to the system prompt; "" for none. */
  instructions: string;
  approvals: readonly ApprovalRule[];
}

/** The configured models, by profile. */
export interface Models {
  /** What a profile comes to, "" being the default one; undefined if there is no such profile. */
  profileFor(profile: string): ProfileInForce | undefined;
  /** The provider's name of a profile's model; undefined if there is no such profile. */
  modelName(profile: string): string | undefined;
  defaultProfile: { name: string; model: string };
  /** As the API lists them, with the prices of this moment. */
  list(): ModelProfileList;
}

/** `stallMs` is the silence after which a model call counts as broken off. */
export async function createModels(
  { profiles, default: defaultName }: Profiles,
  stallMs: number,
): Promise<Models> {
  const isReal = [...profiles.values()].some(({ wire }) => wire !== "demo");
  const catalogue = isReal ? await loadCatalogue() : undefined;
  const made = new Map(
    [...profiles].map(([name, profile]) => {
      const { facts, sources } = profile.factsBy(catalogue);
      return [name, { model: createModel({ ...profile, facts }, { stallMs }), sources }];
    }),
  );
  const inForce = new Map<string, ProfileInForce>();
  for (const [name, { instructions, approvals, summaryProfile = name }] of profiles) {
    const own = made.get(name);
    const summary = made.get(summaryProfile);
    if (!own || !summary) continue;
    const fallbacks = fallbackChain(name, profiles).flatMap((other) => made.get(other)?.model ?? []);
    inForce.set(name, { ...own, fallbacks, summaryModel: summary.model, instructions, approvals });
  }
  return {
    profileFor: (profile) => inForce.get(profile || defaultName),
    modelName: (profile) => profiles.get(profile || defaultName)?.model,
    defaultProfile: { name: defaultName, model: profiles.get(defaultName)?.model ?? "" },
    list: () => ({
      default: defaultName,
      profiles: [...profiles].flatMap(([name, { provider, model }]) => {
        const own = inForce.get(name);
        if (!own) return [];
        const fallback = own.fallbacks.map((other) => other.facts.profile);
        return { name, provider, model, ...listFacts(own.model.facts), fallback };
      }),
    }),
  };
}

function listFacts({ contextWindow, maxOutputTokens, vision, prices }: ModelFacts) {
  return {
    context_window: contextWindow,
    max_output_tokens: maxOutputTokens ?? null,
    vision,
    prices: prices && {
      ...listPrices(prices),
      tiers: (prices.tiers ?? []).map((tier) => ({ above: tier.above, ...listPrices(tier) })),
    },
  };
}

function listPrices({ input, output, cached, cacheWrites }: TokenPrices): Omit<ModelPrices, "tiers"> {
  return { input, output, cached: cached ?? null, cache_writes: cacheWrites ?? null };
}
