import { isRecord } from "../fault-body.ts";
import { noUsage, type Usage } from "../model.ts";

/**
 * Adds what a raw chunk of Anthropic's or Google's stream says has been used by now. The SDK tells it at the end only,
 * and a call that is broken off is paid for too. OpenAI says it at the end itself.
 */
export function addCounted(counted: Usage | undefined, chunk: unknown): Usage | undefined {
  if (!isRecord(chunk)) return counted;
  const message = isRecord(chunk.message) ? chunk.message : {};
  const anthropic = message.usage ?? chunk.usage;
  if (isRecord(anthropic)) return addAnthropic(counted ?? noUsage, anthropic);
  if (isRecord(chunk.usageMetadata)) return readGoogle(chunk.usageMetadata);
  return counted;
}

/** The beginning says what went in, each later word what has come out. */
function addAnthropic(before: Usage, said: Record<string, unknown>): Usage {
  const cached = count(said.cache_read_input_tokens) || before.cached;
  const cacheWrites = count(said.cache_creation_input_tokens) || before.cacheWrites;
  const plain = count(said.input_tokens) || before.tokensIn - before.cached - before.cacheWrites;
  return {
    ...before,
    tokensIn: plain + cached + cacheWrites,
    tokensOut: Math.max(before.tokensOut, count(said.output_tokens)),
    cached,
    cacheWrites,
  };
}

function readGoogle(said: Record<string, unknown>): Usage {
  const reasoning = count(said.thoughtsTokenCount);
  return {
    ...noUsage,
    tokensIn: count(said.promptTokenCount) + count(said.toolUsePromptTokenCount),
    tokensOut: count(said.candidatesTokenCount) + reasoning,
    cached: count(said.cachedContentTokenCount),
    reasoning,
  };
}

function count(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}
