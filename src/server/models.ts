import { createModel } from "../agent/model/create-model.ts";
import type { Model } from "../agent/model/model.ts";
import { fallbackChain } from "../agent/model/profiles/references.ts";
import type { Profiles } from "../agent/model/profiles/resolve-profiles.ts";
import type { ApprovalRule } from "../protocol/agent/approval.ts";
import type { ModelProfileList } from "../protocol/server.ts";

/** What a profile comes to for a run. */
export interface ProfileInForce {
  model: Model;
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
  /** As the API lists them. */
  list: ModelProfileList;
}

/** `stallMs` is the silence after which a model call counts as broken off. */
export function createModels({ profiles, default: defaultName }: Profiles, stallMs: number): Models {
  const models = new Map([...profiles].map(([name, profile]) => [name, createModel(profile, { stallMs })]));
  const inForce = new Map<string, ProfileInForce>();
  for (const [name, { instructions, approvals, summaryProfile = name }] of profiles) {
    const model = models.get(name);
    const summaryModel = models.get(summaryProfile);
    if (!model || !summaryModel) continue;
    const fallbacks = fallbackChain(name, profiles).flatMap((other) => models.get(other) ?? []);
    inForce.set(name, { model, fallbacks, summaryModel, instructions, approvals });
  }
  return {
    profileFor: (profile) => inForce.get(profile || defaultName),
    modelName: (profile) => profiles.get(profile || defaultName)?.model,
    defaultProfile: { name: defaultName, model: profiles.get(defaultName)?.model ?? "" },
    list: {
      default: defaultName,
      profiles: [...profiles].map(([name, { provider, model }]) => ({ name, provider, model })),
    },
  };
}
