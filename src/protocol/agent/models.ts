import { z } from "zod";

const tokenPrices = {
  input: z.number(),
  output: z.number(),
  cached: z
    .number()
    .nullable()
    .describe("of input read from the provider's prompt cache; null: as other input"),
  cache_writes: z.number().nullable().describe("of input written to it; null: as other input"),
};

export const ModelPrices = z
  .object({
    ...tokenPrices,
    tiers: z
      .array(z.object({ above: z.int(), ...tokenPrices }))
      .describe("prices of all of a call whose input has more than `above` tokens, shortest first"),
  })
  .meta({ id: "ModelPrices" });
export type ModelPrices = z.infer<typeof ModelPrices>;

export const ModelProfileRow = z
  .object({
    name: z.string(),
    provider: z.string(),
    model: z.string(),
    context_window: z.int().describe("tokens that a request and its answer have room for together"),
    max_output_tokens: z.int().nullable(),
    vision: z.boolean().describe("whether it can be shown pictures"),
    prices: ModelPrices.nullable().describe(
      "US dollars for a million tokens, as they are now; null where they are not known",
    ),
    fallback: z.array(z.string()).describe("profiles to go on with, in this order, where its provider fails"),
  })
  .meta({ id: "ModelProfile" });
export type ModelProfileRow = z.infer<typeof ModelProfileRow>;

export const ModelProfileList = z
  .object({ default: z.string(), profiles: z.array(ModelProfileRow) })
  .meta({ id: "ModelProfileList" });
export type ModelProfileList = z.infer<typeof ModelProfileList>;
