import { type Callee, explainFault, explainMalformed, readRetryAfter } from "../failure.ts";
import { readFaultBody } from "../fault-body.ts";
import { type Model, ModelError, type ModelFacts, type ModelReply, type Usage } from "../model.ts";
import { type Answer, post, readBeginning } from "../post.ts";
import { type AnswerCollector, brokenOffReasons, createAnswerCollector } from "./answer-collector.ts";
import { readAnswer } from "./read-answer.ts";
import { buildRequestBody, type RequestStyle } from "./request-body.ts";

export interface ChatModelOptions {
  style: RequestStyle;
  /** The base address; `/chat/completions` is added to its path. */
  baseUrl: string;
  headers: Record<string, string>;
  callee: Callee;
  stallMs: number;
  facts: ModelFacts;
  /** Whether to believe what the provider says a call cost. */
  saysCost: boolean;
}

/** A model behind OpenAI's `/chat/completions`, as dozens of providers speak it. */
export function createChatModel(options: ChatModelOptions): Model {
  const { style, callee, stallMs } = options;
  const url = new URL(options.baseUrl);
  url.pathname = `${url.pathname.replace(/(?<!\/)\/+$/, "")}/chat/completions`;
  const headers = {
    accept: "text/event-stream",
    "content-type": "application/json",
    "user-agent": "zcbot",
    ...options.headers,
  };
  return {
    id: style.model,
    facts: options.facts,
    async call(request, onDelta, signal, onBrokenOff) {
      const body = buildRequestBody(request, style);
      const answer = await post({ url, headers, body, stallMs, signal, callee });
      if (answer.status !== 200) throw await explainStatus(answer, callee, signal);
      const collector = createAnswerCollector(request.tools, onDelta);
      try {
        const { complete } = await readAnswer(answer, collector, callee);
        return finish(collector, complete, options);
      } catch (error) {
        const usage = believed(collector.usage(), options);
        if (usage.tokensIn > 0) onBrokenOff?.(usage);
        throw error;
      }
    },
  };
}

async function explainStatus(answer: Answer, callee: Callee, signal: AbortSignal): Promise<ModelError> {
  const said = readFaultBody(await readBeginning(answer));
  signal.throwIfAborted();
  const retryAfterMs = readRetryAfter(answer.headers) ?? said.retryAfterMs;
  return explainFault({ ...said, status: answer.status, retryAfterMs }, callee);
}

function believed({ cost, ...usage }: Usage, { saysCost }: ChatModelOptions): Usage {
  return saysCost && cost !== undefined ? { ...usage, cost } : usage;
}

/** The reply, if the provider has said all of it. */
function finish(collector: AnswerCollector, complete: boolean, options: ChatModelOptions): ModelReply {
  const { style, callee } = options;
  const { provider } = callee;
  if (!complete) {
    const text = `${provider} closed the connection in the middle of its answer.`;
    throw new ModelError("model_connection", text, { retryable: true });
  }
  if (brokenOffReasons.has(collector.finishReason() ?? "")) {
    const text = `${provider} broke its answer off (${collector.finishReason()}).`;
    throw new ModelError("model_unavailable", text, { retryable: true });
  }
  const said = collector.reply();
  const reply = { ...said, usage: believed(said.usage, options) };
  if (reply.toolCalls.some((call) => call.function.name === "")) {
    throw explainMalformed(callee, "A tool call without a name.");
  }
  const kept = style.sendReasoning === "never" ? undefined : collector.kept();
  return kept ? { ...reply, providerData: { [style.dataKey]: kept } } : reply;
}
