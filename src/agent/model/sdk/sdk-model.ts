import { createHash } from "node:crypto";
import type { LanguageModelV4, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { type Callee, explainFault, explainMalformed, type Fault, readRetryAfter } from "../failure.ts";
import { isRecord, readFault, readFaultBody } from "../fault-body.ts";
import { type Model, ModelError, type ModelReply, type ModelRequest, type Usage } from "../model.ts";
import type { ResolvedProfile } from "../profiles/resolve-profiles.ts";
import { markForCache } from "./cache-markers.ts";
import { addCounted } from "./counted-usage.ts";
import { createPostFetch } from "./post-fetch.ts";
import { toPrompt } from "./prompt.ts";
import { createReplyCollector } from "./reply-collector.ts";

export type SdkWire = "openai" | "anthropic" | "google";

export interface SdkModelOptions {
  profile: ResolvedProfile;
  baseUrl: string;
  key: string;
  ownHeaders: Record<string, string>;
  callee: Callee;
  dataKey: string;
  stallMs: number;
}

/** A model behind one of the AI SDK's provider packages, which is loaded at the first call. */
export function createSdkModel(wire: SdkWire, options: SdkModelOptions): Model {
  const { profile, callee, dataKey } = options;
  let loaded: Promise<LanguageModelV4> | undefined;
  return {
    id: profile.model,
    facts: profile.facts,
    async call(request, onDelta, signal, onBrokenOff) {
      signal.throwIfAborted();
      loaded ??= loadLanguageModel(wire, options);
      const language = await loaded;
      const collector = createReplyCollector(onDelta);
      const prompt = toPrompt(request, { dataKey, vision: profile.facts.vision });
      let counted: Usage | undefined;
      try {
        const { stream } = await language.doStream({
          prompt: wire === "anthropic" ? markForCache(prompt) : prompt,
          tools: request.tools.map(({ name, description, parameters }) => ({
            type: "function",
            name,
            description,
            inputSchema: parameters,
          })),
          ...(profile.temperature !== undefined && { temperature: profile.temperature }),
          ...(profile.maxOutputTokens !== undefined && { maxOutputTokens: profile.maxOutputTokens }),
          providerOptions: { [wire]: { ...standardOptions(wire, request), ...toJson(profile.options) } },
          abortSignal: signal,
          includeRawChunks: wire !== "openai",
        });
        await readParts(stream, (part) => {
          // After a malformed chunk the SDK goes on; an answer with a hole is none.
          if (part.type === "error") throw part.error;
          if (part.type === "raw") counted = addCounted(counted, part.rawValue);
          else collector.add(part);
        });
        signal.throwIfAborted();
        return finish(collector.reply(), collector.parts(), options);
      } catch (error) {
        if (counted) onBrokenOff?.(counted);
        signal.throwIfAborted();
        throw explainSdkError(error, callee);
      }
    },
  };
}

type JsonOptions = NonNullable<Parameters<LanguageModelV4["doStream"]>[0]["providerOptions"]>[string];

/**
 * Nothing is left with the provider: OpenAI's reasoning travels encrypted in the conversation. Its cache is found more
 * often where requests of one conversation bear one key; what they begin with is that.
 */
function standardOptions(wire: SdkWire, { system, messages }: ModelRequest): JsonOptions {
  if (wire !== "openai") return {};
  const beginning = JSON.stringify([system, messages[0]?.payload.content]);
  const promptCacheKey = createHash("sha256").update(beginning).digest("base64url").slice(0, 32);
  return { store: false, promptCacheKey };
}

function toJson(options: Record<string, unknown>): JsonOptions {
  return JSON.parse(JSON.stringify(options)) as JsonOptions;
}

async function loadLanguageModel(wire: SdkWire, options: SdkModelOptions): Promise<LanguageModelV4> {
  const { profile, baseUrl: baseURL, key: apiKey, ownHeaders: headers, callee, stallMs } = options;
  const settings = { baseURL, apiKey, headers, fetch: createPostFetch(callee, stallMs) };
  switch (wire) {
    case "openai":
      return (await import("@ai-sdk/openai")).createOpenAI(settings).responses(profile.model);
    case "anthropic":
      return (await import("@ai-sdk/anthropic")).createAnthropic(settings)(profile.model);
    case "google":
      return (await import("@ai-sdk/google")).createGoogle(settings)(profile.model);
  }
}

async function readParts(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  onPart: (part: LanguageModelV4StreamPart) => void,
): Promise<void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onPart(value);
    }
  } catch (error) {
    // Closes the connection.
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

function finish(
  reply: ModelReply | { brokenOff: string },
  parts: unknown[] | undefined,
  { callee, dataKey }: SdkModelOptions,
): ModelReply {
  if (!("brokenOff" in reply)) return parts ? { ...reply, providerData: { [dataKey]: parts } } : reply;
  const text = `${callee.provider} broke its answer off (${reply.brokenOff}).`;
  const code = reply.brokenOff === "error" ? "model_unavailable" : "model_connection";
  throw new ModelError(code, text, { retryable: true });
}

/** What the SDK threw or put into the stream, as a ModelError. */
function explainSdkError(error: unknown, callee: Callee): ModelError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ModelError) return cause;
  }
  if (error instanceof Error && "statusCode" in error && typeof error.statusCode === "number") {
    return explainFault(readCallError(error, error.statusCode), callee);
  }
  if (error instanceof Error && /JSONParse|TypeValidation|NoContent|EmptyResponse/.test(error.name)) {
    return explainMalformed(callee, error.message);
  }
  const fault = readFault(error) ?? readFault({ error });
  const message = error instanceof Error ? error.message : undefined;
  return explainFault({ message, cause: error, ...fault }, callee);
}

function readCallError(error: Error, status: number): Fault {
  const body = "responseBody" in error && typeof error.responseBody === "string" ? error.responseBody : "";
  const headers = "responseHeaders" in error && isRecord(error.responseHeaders) ? error.responseHeaders : {};
  const said = body === "" ? { message: error.message } : readFaultBody(body);
  const retryAfterMs = readRetryAfter(headers as Record<string, string>) ?? said.retryAfterMs;
  // A 200 whose body is no answer: the SDK keeps the status it came with.
  return { ...said, status: status < 300 ? undefined : status, retryAfterMs };
}
