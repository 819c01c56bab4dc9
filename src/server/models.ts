import { createModel } from "../agent/model/create-model.ts";
import type { Model } from "../agent/model/model.ts";
import type { Profiles } from "../agent/model/profiles.ts";
import type { ModelProfileList } from "../protocol/server.ts";

/** The configured models, by profile. */
export interface Models {
  /** The model to call for a profile, "" being the default one; undefined if there is no such profile. */
  modelFor(profile: string): Model | undefined;
  /** The provider's name of a profile's model; undefined if there is no such profile. */
  modelName(profile: string): string | undefined;
  defaultProfile: { name: string; model: string };
  /** As the API lists them. */
  list: ModelProfileList;
}

/** `stallMs` is the silence after which a model call counts as broken off. */
export function createModels({ profiles, default: defaultName }: Profiles, stallMs: number): Models {
  const models = new Map([...profiles].map(([name, profile]) => [name, createModel(profile, { stallMs })]));
  return {
    modelFor: (profile) => models.get(profile || defaultName),
    modelName: (profile) => profiles.get(profile || defaultName)?.model,
    defaultProfile: { name: defaultName, model: profiles.get(defaultName)?.model ?? "" },
    list: {
      default: defaultName,
      profiles: [...profiles].map(([name, { provider, model }]) => ({ name, provider, model })),
    },
  };
}
