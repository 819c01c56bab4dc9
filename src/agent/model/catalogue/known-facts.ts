import type { ModelFacts, Prices } from "../model.ts";
import type { ModelProfile } from "../profiles/model-profile.ts";
import { type Provider, type ProviderName, providers } from "../providers.ts";
import type { Catalogue } from "./catalogue.ts";
import { familyOf } from "./families.ts";

/** Tokens of a model that nobody knows anything of. Most that are sold have more. */
const unknownWindow = 128_000;

/** Where a fact is from. */
export interface FactSources {
  contextWindow: "profile" | "catalogue" | "assumed";
  prices: "profile" | "catalogue" | "unknown";
}

/** A profile, as far as facts of its model depend on it. */
export type FactProfile = Pick<
  ModelProfile,
  "model" | "contextWindow" | "maxOutputTokens" | "vision" | "prices"
> & { name: string; provider: ProviderName; baseUrl: string | undefined };

/** What is known of a profile's model: what the profile says itself, else the catalogue, else what is careful. */
export function knowFacts(
  profile: FactProfile,
  catalogue: Catalogue | undefined,
): {
  facts: ModelFacts;
  sources: FactSources;
} {
  const { provider, model, contextWindow, prices } = profile;
  const row: Provider = providers[provider];
  const entry = catalogue?.(provider, model, profile.baseUrl);
  const family = familyOf(model);
  const catalogued = entry?.contextWindow;
  const read = (): Prices | null => prices ?? entry?.prices() ?? null;
  const facts: ModelFacts = {
    profile: profile.name,
    contextWindow: contextWindow ?? catalogued ?? row.contextWindow ?? unknownWindow,
    maxOutputTokens: profile.maxOutputTokens ?? family?.maxOutputTokens,
    vision: profile.vision ?? family?.vision ?? false,
    get prices() {
      return read();
    },
  };
  return {
    facts,
    sources: {
      contextWindow:
        contextWindow !== undefined ? "profile" : catalogued !== undefined ? "catalogue" : "assumed",
      prices: prices !== undefined ? "profile" : read() === null ? "unknown" : "catalogue",
    },
  };
}
