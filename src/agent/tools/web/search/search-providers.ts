import { z } from "zod";

/** One thing that a search found. */
export interface SearchResult {
  title: string;
  url: string;
  snippet: string;
}

/** How a search service is asked, and how its answer is read. */
export interface SearchProvider {
  /** Undefined: the operator says where it is. */
  baseUrl: string | undefined;
  /** The variable that holds its key; undefined where it takes none. */
  keyVariable: string | undefined;
  request(search: Search): SearchRequest;
  /** Throws where the answer has another form. */
  parse(answer: unknown): SearchResult[];
}

export interface Search {
  query: string;
  count: number;
  /** Without a slash at its end. */
  baseUrl: string;
  key: string;
}

/** GET without a body, POST of JSON with one. */
export interface SearchRequest {
  url: string;
  headers: Record<string, string>;
  body?: Record<string, unknown>;
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/** The form of an answer, read into results without markup; what has no address is left out. */
function reader<Entry>(
  form: z.ZodType<Entry[]>,
  pick: (entry: Entry) => SearchResult,
): SearchProvider["parse"] {
  return (answer) =>
    form
      .parse(answer)
      .map(pick)
      .map(({ title, url, snippet }) => ({ title: clean(title), url: url.trim(), snippet: clean(snippet) }))
      .filter(({ url }) => url !== "");
}

function clean(words: string): string {
  return words
    .replaceAll(/<\/?[a-z][^<>]{0,100}>/gi, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function withQuery(address: string, parameters: Record<string, string>): string {
  return `${address}?${new URLSearchParams(parameters)}`;
}

const brave: SearchProvider = {
  baseUrl: "https://api.search.brave.com",
  keyVariable: "BRAVE_API_KEY",
  request: ({ query, count, baseUrl, key }) => ({
    url: withQuery(`${baseUrl}/res/v1/web/search`, { q: query, count: String(count) }),
    headers: { "X-Subscription-Token": key },
  }),
  parse: reader(
    z
      .object({
        web: z
          .object({ results: z.array(z.object({ title: text, url: text, description: text })) })
          .optional(),
      })
      .transform(({ web }) => web?.results ?? []),
    ({ title, url, description }) => ({ title, url, snippet: description }),
  ),
};

const tavily: SearchProvider = {
  baseUrl: "https://api.tavily.com",
  keyVariable: "TAVILY_API_KEY",
  request: ({ query, count, baseUrl, key }) => ({
    url: `${baseUrl}/search`,
    headers: { Authorization: `Bearer ${key}` },
    body: { query, max_results: count },
  }),
  parse: reader(
    z
      .object({ results: z.array(z.object({ title: text, url: text, content: text })) })
      .transform(({ results }) => results),
    ({ title, url, content }) => ({ title, url, snippet: content }),
  ),
};

const serper: SearchProvider = {
  baseUrl: "https://google.serper.dev",
  keyVariable: "SERPER_API_KEY",
  request: ({ query, count, baseUrl, key }) => ({
    url: `${baseUrl}/search`,
    headers: { "X-API-KEY": key },
    body: { q: query, num: count },
  }),
  parse: reader(
    z
      .object({ organic: z.array(z.object({ title: text, link: text, snippet: text })).default([]) })
      .transform(({ organic }) => organic),
    ({ title, link, snippet }) => ({ title, url: link, snippet }),
  ),
};

/** A server of the operator's own; its JSON has to be switched on there (`search.formats`). */
const searxng: SearchProvider = {
  baseUrl: undefined,
  keyVariable: undefined,
  request: ({ query, baseUrl }) => ({
    url: withQuery(`${baseUrl}/search`, { q: query, format: "json" }),
    headers: {},
  }),
  parse: reader(
    z
      .object({ results: z.array(z.object({ title: text, url: text, content: text })) })
      .transform(({ results }) => results),
    ({ title, url, content }) => ({ title, url, snippet: content }),
  ),
};

const bochaPages = z.object({
  webPages: z
    .object({ value: z.array(z.object({ name: text, url: text, snippet: text, summary: text })) })
    .nullable(),
});

const bocha: SearchProvider = {
  baseUrl: "https://api.bochaai.com",
  keyVariable: "BOCHA_API_KEY",
  request: ({ query, count, baseUrl, key }) => ({
    url: `${baseUrl}/v1/web-search`,
    headers: { Authorization: `Bearer ${key}` },
    body: { query, count, summary: true },
  }),
  // It answers with the pages, or with an envelope around them.
  parse: reader(
    z
      .union([z.object({ data: bochaPages }).transform(({ data }) => data), bochaPages])
      .transform(({ webPages }) => webPages?.value ?? []),
    ({ name, url, snippet, summary }) => ({ title: name, url, snippet: summary || snippet }),
  ),
};

/** Every search service by the name that the setting `searchProvider` gives it. */
export const searchProviders = { brave, tavily, serper, searxng, bocha } as const satisfies Record<
  string,
  SearchProvider
>;

export type SearchProviderName = keyof typeof searchProviders;

export const searchProviderNames = Object.keys(searchProviders) as [
  SearchProviderName,
  ...SearchProviderName[],
];
