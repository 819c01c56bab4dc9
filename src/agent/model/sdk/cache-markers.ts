import type { LanguageModelV4Prompt } from "@ai-sdk/provider";

/** Anthropic keeps what stands before a marker for five minutes, from its last use on. */
const marker = { anthropic: { cacheControl: { type: "ephemeral" } } };

/**
 * The prompt with the marks that Anthropic wants for its cache, three of the four it allows: behind the system prompt
 * (and so the tools, which come before it), behind the last message, and where the request before this one ended. From
 * a marker it looks back over 20 blocks only, and a step of many calls has more.
 */
export function markForCache(prompt: LanguageModelV4Prompt): LanguageModelV4Prompt {
  const lastAnswer = prompt.findLastIndex(({ role }) => role === "assistant");
  const marked = new Set([
    prompt.findIndex(({ role }) => role === "system"),
    prompt.findLastIndex(({ role }, index) => index < lastAnswer && isTurn(role)),
    prompt.findLastIndex(({ role }) => isTurn(role)),
  ]);
  return prompt.map((message, index) =>
    marked.has(index) ? { ...message, providerOptions: marker } : message,
  );
}

function isTurn(role: string): boolean {
  return role === "user" || role === "tool";
}
