import type { Prices, Usage } from "./model.ts";

/** What a call costs, US dollars to the billionth: as its provider says, else by its prices; null if these are unknown. */
export function costOf(usage: Usage, prices: Prices | null): number | null {
  if (usage.cost !== undefined) return Math.round(usage.cost * 1e9) / 1e9;
  if (!prices) return null;
  const tier = prices.tiers?.findLast(({ above }) => usage.tokensIn > above) ?? prices;
  const { input, output, cached = input, cacheWrites = input } = tier;
  const plain = Math.max(0, usage.tokensIn - usage.cached - usage.cacheWrites);
  const millionths =
    plain * input + usage.cached * cached + usage.cacheWrites * cacheWrites + usage.tokensOut * output;
  return Math.round(millionths * 1e3) / 1e9;
}
