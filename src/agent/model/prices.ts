import type { Prices, Usage } from "./model.ts";

/** What a call costs, US dollars to the billionth; null where its prices are not known. */
export function costOf(usage: Usage, prices: Prices | null): number | null {
  if (!prices) return null;
  const { input, output, cached = input, cacheWrites = input } = prices;
  const plain = Math.max(0, usage.tokensIn - usage.cached - usage.cacheWrites);
  const millionths =
    plain * input + usage.cached * cached + usage.cacheWrites * cacheWrites + usage.tokensOut * output;
  return Math.round(millionths * 1e3) / 1e9;
}
