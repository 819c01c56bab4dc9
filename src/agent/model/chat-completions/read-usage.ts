import { isRecord } from "../fault-body.ts";
import type { Usage } from "../model.ts";

/**
 * Adds what a chunk's usage object says. It comes once, or as a count that grows, so the most counts; its details have
 * a name of their own at nearly every provider.
 */
export function addUsage(usage: Usage, value: unknown): void {
  if (!isRecord(value)) return;
  const details = recordOf(value.prompt_tokens_details ?? value.input_tokens_details);
  const outputDetails = recordOf(value.completion_tokens_details ?? value.output_tokens_details);
  const tokensIn = readCount(value.prompt_tokens, value.input_tokens);
  const said = readCount(value.completion_tokens, value.output_tokens);
  const stated = readCount(outputDetails.reasoning_tokens, value.reasoning_tokens);
  const apart = reasoningApart(tokensIn, said, stated, readCount(value.total_tokens));
  raise(usage, "tokensIn", tokensIn);
  raise(usage, "tokensOut", said + apart);
  raise(usage, "reasoning", Math.max(stated, apart));
  raise(
    usage,
    "cached",
    // OpenAI and most others; DeepSeek; Moonshot; gateways that pass Anthropic's words on.
    readCount(
      details.cached_tokens,
      value.prompt_cache_hit_tokens,
      value.cached_tokens,
      value.cache_read_input_tokens,
    ),
  );
  raise(
    usage,
    "cacheWrites",
    // OpenRouter; DashScope; gateways.
    readCount(
      details.cache_write_tokens,
      details.cache_creation_input_tokens,
      details.cache_creation_tokens,
      value.cache_creation_input_tokens,
    ),
  );
  const cost = readCost(value);
  if (cost !== undefined) usage.cost = Math.max(usage.cost ?? 0, cost);
}

/**
 * Tokens of reasoning that `completion_tokens` leaves out: xAI states them, Google's compatible endpoint shows them by
 * its total alone. Everybody else's total is the sum of the two.
 */
function reasoningApart(tokensIn: number, said: number, stated: number, total: number): number {
  const missing = total - tokensIn - said;
  return missing > 0 && (stated === 0 || stated === missing) ? missing : 0;
}

/** US dollars, as OpenRouter says them; with an own key for the provider behind it, what that one charges is apart. */
function readCost(value: Record<string, unknown>): number | undefined {
  if (typeof value.cost !== "number") return undefined;
  const upstream = recordOf(value.cost_details).upstream_inference_cost;
  return value.cost + (value.is_byok === true && typeof upstream === "number" ? upstream : 0);
}

function raise(usage: Usage, count: Exclude<keyof Usage, "cost">, value: number): void {
  usage[count] = Math.max(usage[count], value);
}

function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** The largest of what is a count. */
function readCount(...values: unknown[]): number {
  const counts = values.filter(
    (value): value is number => typeof value === "number" && Number.isFinite(value),
  );
  return Math.round(Math.max(0, ...counts));
}
