import { z } from "zod";
import { ApprovalRule, maxApprovalRules } from "../../../protocol/agent/approval.ts";
import { providerNames } from "../providers.ts";

/** An address that a request can be sent to. */
export const baseUrl = z
  .string()
  .refine((value) => /^https?:\/\//.test(value) && URL.canParse(value), "must be an http or https address");

const price = z.number().min(0).max(1_000_000);
const profileName = z.string().min(1);

const tokenPrices = {
  input: price.describe("of input"),
  output: price.describe("of output, reasoning included"),
  cached: price.optional().describe("of input read from the provider's cache; default: as other input"),
  cacheWrites: price.optional().describe("of input written to it; default: as other input"),
};

/** US dollars for a million tokens, as `zcbot.jsonc` gives them. */
const ProfilePrices = z.strictObject({
  ...tokenPrices,
  tiers: z
    .array(z.strictObject({ above: z.int().min(1).describe("tokens of input"), ...tokenPrices }))
    .max(10)
    .refine(
      (tiers) => tiers.every(({ above }, index) => index === 0 || above > (tiers[index - 1]?.above ?? 0)),
      "must be in order, the smallest above first",
    )
    .optional()
    .describe("prices of calls with more than `above` tokens of input"),
});

/** A way to call a model, as `zcbot.jsonc` describes it. */
export const ModelProfile = z.strictObject({
  provider: z
    .enum(providerNames, `must be one of ${providerNames.join(", ")}`)
    .describe("who serves the model"),
  model: z.string().min(1, "must name a model").describe("the provider's own name of the model"),
  baseUrl: baseUrl.optional().describe("where the provider is, if not at its usual address"),
  apiKeyVariable: z
    .string()
    .min(1)
    .optional()
    .describe("the variable that holds the key, if not the usual one"),
  temperature: z.number().min(0).max(2).optional().describe("default: the provider's own"),
  contextWindow: z
    .int()
    .min(1_000)
    .max(100_000_000)
    .optional()
    .describe("tokens that a request and its answer have room for together; default: as catalogued"),
  maxOutputTokens: z.int().min(1).optional().describe("of one answer"),
  vision: z.boolean().optional().describe("whether it can be shown pictures; default: as catalogued"),
  prices: ProfilePrices.optional().describe("US dollars for a million tokens; default: as catalogued"),
  instructions: z
    .string()
    .max(50_000)
    .optional()
    .describe("added to the system prompt of runs with this profile"),
  fallback: z
    .array(profileName)
    .max(20)
    .optional()
    .describe("profiles to go on with, in this order, where this one's provider fails"),
  summaryProfile: profileName
    .optional()
    .describe("a cheaper profile that summarises long conversations; default: this one"),
  approvals: z
    .array(ApprovalRule)
    .max(maxApprovalRules)
    .optional()
    .describe("rules about the tool calls of this profile's runs; of several that match the last one counts"),
  headers: z.record(z.string(), z.string()).optional().describe("sent with every request"),
  options: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("further fields of the request; for openai, anthropic and google, options of their SDK"),
  includeUsage: z
    .boolean()
    .optional()
    .describe("false where a /chat/completions server refuses stream_options"),
  sendReasoning: z
    .enum(["as-given", "every", "never"])
    .optional()
    .describe("which messages carry reasoning_content back to a /chat/completions server"),
});
export type ModelProfile = z.infer<typeof ModelProfile>;

/** The part of `zcbot.jsonc` that is about models. */
export interface ProfilesFile {
  profiles?: Record<string, ModelProfile> | undefined;
  defaultProfile?: string | undefined;
}
