import type { ApprovalRule } from "../../../protocol/agent/approval.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type FactSources, knowFacts } from "../catalogue/known-facts.ts";
import type { ModelFacts } from "../model.ts";
import { type Provider, type ProviderName, providerNames, providers } from "../providers.ts";
import { baseUrl, ModelProfile, type ProfilesFile } from "./model-profile.ts";
import { checkReferences, type NamingProfile } from "./references.ts";

/** A profile with everything needed to call its model. Printed or logged, it shows no key and no header. */
export interface ResolvedProfile {
  name: string;
  provider: ProviderName;
  model: string;
  wire: Provider["wire"];
  baseUrl: string | undefined;
  keyVariable: string | undefined;
  /** Gives the key ("" if there is none), so that no copy of a profile holds it. */
  readKey: () => string;
  readHeaders: () => Record<string, string>;
  temperature: number | undefined;
  maxOutputTokens: number | undefined;
  options: Record<string, unknown>;
  includeUsage: boolean;
  sendReasoning: "as-given" | "every" | "never";
  facts: ModelFacts;
  /** The facts and where each is from, with what a catalogue knows of the model. */
  factsBy: (catalogue: Catalogue | undefined) => { facts: ModelFacts; sources: FactSources };
  instructions: string;
  /** Names of other profiles, all of them known. */
  fallback: readonly string[];
  summaryProfile: string | undefined;
  approvals: readonly ApprovalRule[];
}

export interface ProfileSettings {
  /** The provider variables and those that profiles name in `apiKeyVariable`. */
  environment: Record<string, string | undefined>;
  /** `ZCBOT_MODEL`: `<provider>/<model>`, or the name of a profile. */
  defaultModel?: string | undefined;
  file?: ProfilesFile | undefined;
}

export interface Profiles {
  profiles: Map<string, ResolvedProfile>;
  default: string;
}

/** The profiles in force and the name of the default one; or all problems, as sentences that say what to set. */
export function resolveProfiles(settings: ProfileSettings): Profiles | { problems: string[] } {
  const problems: string[] = [];
  const profiles = new Map<string, ResolvedProfile>();
  for (const [name, profile] of Object.entries(settings.file?.profiles ?? {})) {
    const resolved = resolve(name, profile, settings, problems);
    if (resolved) profiles.set(name, resolved);
  }
  const name = chooseDefault(settings, profiles, problems);
  problems.push(...checkReferences(namedProfiles(settings, profiles)));
  if (problems.length > 0 || name === undefined) return { problems };
  return { profiles, default: name };
}

/** Those of the file, whether they can be used or not, and those that were made. */
function namedProfiles(
  { file }: ProfileSettings,
  made: ReadonlyMap<string, ResolvedProfile>,
): Map<string, NamingProfile> {
  return new Map<string, NamingProfile>([...made, ...Object.entries(file?.profiles ?? {})]);
}

/** The default profile's name; the profile is made if it is only named as `<provider>/<model>`. */
function chooseDefault(
  settings: ProfileSettings,
  profiles: Map<string, ResolvedProfile>,
  problems: string[],
): string | undefined {
  const { defaultModel, file } = settings;
  const defined = Object.keys(file?.profiles ?? {});
  if (defaultModel) {
    if (defined.includes(defaultModel)) return defaultModel;
    const profile = readModelName(defaultModel, problems);
    const resolved = profile && resolve(defaultModel, profile, settings, problems);
    if (resolved) profiles.set(defaultModel, resolved);
    return resolved?.name;
  }
  if (file?.defaultProfile !== undefined) {
    if (!defined.includes(file.defaultProfile)) {
      problems.push(`defaultProfile: there is no profile "${file.defaultProfile}" in profiles.`);
    }
    return file.defaultProfile;
  }
  if (defined.length > 1) problems.push(`Set defaultProfile to one of ${defined.join(", ")}.`);
  if (defined.length > 0) return defined[0];
  const set = findSetVariable(settings.environment);
  if (set) {
    const { variable, provider } = set;
    problems.push(`${variable} is set, but no model is named. Set ZCBOT_MODEL=${provider}/<model>.`);
    return undefined;
  }
  const demo = resolve("demo", { provider: "demo", model: "demo" }, settings, problems);
  if (demo) profiles.set("demo", demo);
  return "demo";
}

/** `<provider>/<model>`; a model's name may hold further slashes. */
function readModelName(text: string, problems: string[]): ModelProfile | undefined {
  const slash = text.indexOf("/");
  const provider = slash === -1 ? text : text.slice(0, slash);
  const model = slash === -1 && provider === "demo" ? "demo" : text.slice(slash + 1);
  if (!(provider in providers)) {
    problems.push(
      `ZCBOT_MODEL must be <provider>/<model> or the name of a profile; providers are ${providerNames.join(", ")}.`,
    );
    return undefined;
  }
  if (slash === -1 && provider !== "demo") {
    problems.push(`ZCBOT_MODEL names no model: set it to ${provider}/<model>.`);
    return undefined;
  }
  const parsed = ModelProfile.safeParse({ provider, model });
  if (parsed.success) return parsed.data;
  problems.push(`ZCBOT_MODEL names no model: set it to ${provider}/<model>.`);
  return undefined;
}

function resolve(
  name: string,
  profile: ModelProfile,
  { environment }: ProfileSettings,
  problems: string[],
): ResolvedProfile | undefined {
  const provider: Provider = providers[profile.provider];
  const moved = provider.baseUrlVariable === undefined ? undefined : environment[provider.baseUrlVariable];
  const address = profile.baseUrl ?? (moved || provider.baseUrl);
  const keyVariable = profile.apiKeyVariable ?? provider.keyVariable;
  const key = keyVariable === undefined ? "" : (environment[keyVariable] ?? "").trim();
  const before = problems.length;
  if (provider.wire !== "demo") {
    if (address === undefined) {
      problems.push(`Model profile ${name}: set ${provider.baseUrlVariable ?? "baseUrl"} to its address.`);
    } else if (!baseUrl.safeParse(address).success) {
      problems.push(
        `Model profile ${name}: ${provider.baseUrlVariable ?? "baseUrl"} must be an http or https address.`,
      );
    }
    const needed = !provider.keyOptional || profile.apiKeyVariable !== undefined;
    // An OpenAI elsewhere may be any server, also one that asks for no key.
    const elsewhere = profile.provider === "openai" && address !== provider.baseUrl;
    if (key === "" && needed && !(elsewhere && profile.apiKeyVariable === undefined)) {
      problems.push(`Model profile ${name}: set ${keyVariable} to the key of ${profile.provider}.`);
    }
    if (/[^\x20-\x7e]/.test(key)) problems.push(`${keyVariable} holds characters that no key has.`);
  }
  if (problems.length > before) return undefined;
  // Whoever moves OpenAI elsewhere has a server that speaks /chat/completions, hardly one with /responses.
  const chatElsewhere = provider.wire === "openai" && address !== provider.baseUrl;
  const headers = profile.headers ?? {};
  const factsBy = (catalogue: Catalogue | undefined) =>
    knowFacts({ ...profile, name, baseUrl: address }, catalogue);
  return {
    name,
    provider: profile.provider,
    model: profile.model,
    wire: chatElsewhere ? "chat" : provider.wire,
    baseUrl: address,
    keyVariable,
    readKey: () => key,
    readHeaders: () => headers,
    temperature: profile.temperature,
    maxOutputTokens: profile.maxOutputTokens,
    options: profile.options ?? {},
    includeUsage: profile.includeUsage ?? true,
    sendReasoning: profile.sendReasoning ?? provider.sendReasoning ?? "as-given",
    facts: factsBy(undefined).facts,
    factsBy,
    instructions: profile.instructions ?? "",
    fallback: profile.fallback ?? [],
    summaryProfile: profile.summaryProfile,
    approvals: profile.approvals ?? [],
  };
}

/** A variable that shows somebody meant to use a provider. */
function findSetVariable(
  environment: Record<string, string | undefined>,
): { variable: string; provider: string } | undefined {
  // Of two providers with the same variables, the address decides.
  const order = environment.OPENAI_BASE_URL ? ["openai-compatible", ...providerNames] : providerNames;
  for (const name of order as ProviderName[]) {
    const provider: Provider = providers[name];
    const variables = [provider.keyVariable, provider.baseUrlVariable];
    const variable = variables.find((candidate) => candidate !== undefined && environment[candidate]);
    if (variable) return { variable, provider: name };
  }
  return undefined;
}
