import { type SearchProviderName, type SearchResult, searchProviders } from "./search-providers.ts";

/** A search service that the operator has chosen. It shows its key to nobody. */
export interface SearchService {
  name: SearchProviderName;
  /** What it finds, `count` results at most, or a sentence that says why not. Rejects with the signal's reason only. */
  search(query: string, count: number, signal: AbortSignal): Promise<SearchResult[] | { failure: string }>;
}

/** For one search, milliseconds. */
const patience = 20_000;
/** Of an answer, bytes. */
const maxAnswerBytes = 2_000_000;

/** The service of the settings, whose key stands in its variable; `problem`: what is missing, for the operator. */
export function resolveSearch(
  name: SearchProviderName,
  baseUrl: string | undefined,
  environment: Record<string, string | undefined>,
): SearchService | { problem: string } {
  const provider = searchProviders[name];
  const address = baseUrl ?? provider.baseUrl;
  if (address === undefined) return { problem: `Set ZCBOT_SEARCH_URL to the address of your ${name}.` };
  const { keyVariable } = provider;
  const key = keyVariable === undefined ? "" : (environment[keyVariable] ?? "").trim();
  if (keyVariable !== undefined && key === "")
    return { problem: `Set ${keyVariable} to the key of ${name}.` };
  if (/[^\x21-\x7e]/.test(key)) return { problem: `${keyVariable} holds characters that no key has.` };
  return {
    name,
    async search(query, count, signal) {
      const request = provider.request({ query, count, baseUrl: address.replace(/\/+$/, ""), key });
      const limit = AbortSignal.timeout(patience);
      try {
        const answer = await fetch(request.url, {
          method: request.body ? "POST" : "GET",
          headers: {
            Accept: "application/json",
            ...(request.body && { "Content-Type": "application/json" }),
            ...request.headers,
          },
          ...(request.body && { body: JSON.stringify(request.body) }),
          // The key is for this host alone.
          redirect: "error",
          signal: AbortSignal.any([signal, limit]),
        });
        if (!answer.ok) {
          await answer.body?.cancel();
          return { failure: explainStatus(answer.status) };
        }
        return provider.parse(JSON.parse(await readText(answer))).slice(0, count);
      } catch {
        signal.throwIfAborted();
        if (limit.aborted)
          return { failure: `The search service did not answer within ${patience / 1000} s.` };
        return {
          failure: "The search service could not be reached, or answered in a form that is not known.",
        };
      }
    },
  };
}

async function readText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error("The answer is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function explainStatus(status: number): string {
  if (status === 401 || status === 403) {
    return "The search service refuses this server's key. Go on without it, and tell the person that whoever runs the server has to look at it.";
  }
  if (status === 402 || status === 429) {
    return "The search service's limit is reached. Search less, or later.";
  }
  return `The search service answered with status ${status}.`;
}
