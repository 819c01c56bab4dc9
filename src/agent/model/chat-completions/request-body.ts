import type { ModelRequest } from "../model.ts";
import { toWireMessages } from "./wire-messages.ts";

/** What differs between providers in how a request is put. */
export interface RequestStyle {
  model: string;
  /** The key under which this model's kept reasoning stands in a message's `providerData`. */
  dataKey: string;
  /**
   * Whether messages carry the `reasoning_content` they came with: `as-given` where there was one, `every`
   * assistant message (a space where there was none: DeepSeek and Kimi refuse a conversation with gaps,
   * Kimi also an empty text), or `never`.
   */
  sendReasoning: "as-given" | "every" | "never";
  includeUsage: boolean;
  /** Whether the model can be shown pictures. */
  vision: boolean;
  temperature: number | undefined;
  maxOutputTokens: number | undefined;
  /** Further fields of the body, as the profile says. */
  extra: Record<string, unknown>;
}

/** The body of a `/chat/completions` request. What grows stands in front, so that a longer one begins the same. */
export function buildRequestBody(request: ModelRequest, style: RequestStyle): string {
  const { extra, includeUsage, temperature, maxOutputTokens } = style;
  return JSON.stringify({
    model: style.model,
    ...(request.tools.length > 0 && {
      tools: request.tools.map((tool) => ({ type: "function", function: tool })),
    }),
    messages: [{ role: "system", content: request.system }, ...toWireMessages(request.messages, style)],
    stream: true,
    ...(includeUsage && { stream_options: { include_usage: true } }),
    ...(temperature !== undefined && { temperature }),
    ...(maxOutputTokens !== undefined && { max_tokens: maxOutputTokens }),
    ...extra,
  });
}
