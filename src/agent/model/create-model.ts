import { createChatModel } from "./chat-completions/chat-model.ts";
import { createDemoModel } from "./demo/demo.ts";
import type { Callee } from "./failure.ts";
import type { Model } from "./model.ts";
import type { ResolvedProfile } from "./profiles/resolve-profiles.ts";
import { type Provider, providers } from "./providers.ts";
import { createSdkModel } from "./sdk/sdk-model.ts";

/** The model of a profile. `stallMs` is the silence, milliseconds, after which a call fails. */
export function createModel(profile: ResolvedProfile, { stallMs = 60_000 } = {}): Model {
  const { wire, provider, model, baseUrl = "" } = profile;
  if (wire === "demo") return createDemoModel({ profile: profile.name });
  const row: Provider = providers[provider];
  const { vision } = profile.facts;
  const key = profile.readKey();
  const ownHeaders = profile.readHeaders();
  const callee: Callee = {
    provider,
    model,
    keyVariable: profile.keyVariable,
    secrets: [key, ...Object.values(ownHeaders)],
  };
  const dataKey = `${provider}/${model}`;
  if (wire !== "chat")
    return createSdkModel(wire, { profile, baseUrl, key, ownHeaders, callee, dataKey, stallMs });
  const { sendReasoning, includeUsage, temperature, maxOutputTokens, options: extra } = profile;
  return createChatModel({
    style: { model, dataKey, sendReasoning, includeUsage, vision, temperature, maxOutputTokens, extra },
    saysCost: row.saysCost ?? false,
    baseUrl,
    headers: { ...(key !== "" && { authorization: `Bearer ${key}` }), ...lowerCase(ownHeaders) },
    callee,
    stallMs,
    facts: profile.facts,
  });
}

/** Header names in one case, so that a profile's header replaces ours. */
function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
