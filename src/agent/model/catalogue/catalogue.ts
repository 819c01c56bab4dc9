import type { calcPrice, findProvider, ModelPrice, TieredPrices } from "@pydantic/genai-prices";
import type { Prices } from "../model.ts";
import type { ProviderName } from "../providers.ts";

/** What the catalogue knows of a model. */
export interface CatalogueEntry {
  contextWindow: number | undefined;
  /** As they are at this moment: some change with the date, some with the hour. Null where they are not known. */
  prices(): Prices | null;
}

/** Looks a model up, by its provider and, where that may be anybody, by its address; undefined if it is unknown. */
export type Catalogue = (
  provider: ProviderName,
  model: string,
  baseUrl: string | undefined,
) => CatalogueEntry | undefined;

/** The catalogue that comes with the package `@pydantic/genai-prices`; it asks nobody. Loaded at the first call. */
export async function loadCatalogue(): Promise<Catalogue> {
  const catalogue = await import("@pydantic/genai-prices");
  return (provider, model, baseUrl) => {
    const found = findModel(catalogue, provider, model, baseUrl);
    if (!found) return undefined;
    const { entry, sold } = found;
    let minute = 0;
    let prices: Prices | null = null;
    return {
      contextWindow: entry.context_window,
      prices() {
        const now = Math.floor(Date.now() / 60_000);
        if (sold && now !== minute) prices = readPrices(price(catalogue, entry)?.model_price);
        minute = now;
        return prices;
      },
    };
  };
}

type Package = { calcPrice: typeof calcPrice; findProvider: typeof findProvider };
type Entry = NonNullable<ReturnType<typeof calcPrice>>["model"];

/** How the package names our providers. Those that are missing are found by their address. */
const providerIds: Partial<Record<ProviderName, string>> = {
  anthropic: "anthropic",
  google: "google",
  deepseek: "deepseek",
  moonshot: "moonshotai",
  openrouter: "openrouter",
};

function findModel(
  catalogue: Package,
  provider: ProviderName,
  model: string,
  baseUrl: string | undefined,
): { entry: Entry; sold: boolean } | undefined {
  if (provider === "demo" || provider === "ollama") return undefined;
  if (provider === "dashscope") {
    // It has no row of its own. The models are the same elsewhere, but not what they cost.
    const elsewhere = lookUp(
      catalogue,
      catalogue.findProvider({ providerId: "openrouter" }),
      `qwen/${model}`,
    );
    return elsewhere && { entry: elsewhere, sold: false };
  }
  const providerId = providerIds[provider];
  const seller = providerId
    ? catalogue.findProvider({ providerId })
    : baseUrl === undefined
      ? undefined
      : catalogue.findProvider({ providerApiUrl: baseUrl });
  const entry = lookUp(catalogue, seller, model);
  return entry && { entry, sold: true };
}

type Seller = ReturnType<typeof findProvider>;

function lookUp(catalogue: Package, seller: Seller, model: string): Entry | undefined {
  // What nothing was used of has a price too; the answer holds the row.
  return seller && (catalogue.calcPrice({}, model, { provider: seller })?.model ?? undefined);
}

/** Of this one row, so that no other is searched: 0.03 ms rather than 0.2. */
function price(catalogue: Package, entry: Entry) {
  const provider = {
    id: "row",
    name: "row",
    api_pattern: "",
    models: [{ ...entry, match: { equals: entry.id } }],
  };
  return catalogue.calcPrice({}, entry.id, { provider });
}

/** Tiers are by the whole input of a call: above a size all of it costs more. */
function readPrices(row: ModelPrice | undefined): Prices | null {
  const input = row?.input_mtok;
  const output = row?.output_mtok;
  if (row === undefined || input === undefined || output === undefined) return null;
  const at = (tokens: number): Prices => ({
    input: priceAt(input, tokens) ?? 0,
    output: priceAt(output, tokens) ?? 0,
    cached: priceAt(row.cache_read_mtok, tokens),
    cacheWrites: priceAt(row.cache_write_mtok, tokens),
  });
  const starts = new Set([input, output].flatMap((tiered) => startsOf(tiered)));
  const tiers = [...starts].sort((a, b) => a - b).map((above) => ({ above, ...at(above + 1) }));
  return { ...at(0), ...(tiers.length > 0 && { tiers }) };
}

function startsOf(tiered: number | TieredPrices): number[] {
  return typeof tiered === "number" ? [] : tiered.tiers.map(({ start }) => start);
}

function priceAt(tiered: number | TieredPrices | undefined, tokens: number): number | undefined {
  if (tiered === undefined || typeof tiered === "number") return tiered;
  return tiered.tiers.findLast(({ start }) => tokens > start)?.price ?? tiered.base;
}
