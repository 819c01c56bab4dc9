/** What the catalogue package does not say of a family of models. */
interface Family {
  /** Of the model's name without its vendor, in small letters. */
  name: RegExp;
  vision: boolean;
  maxOutputTokens?: number;
}

/*
 * Of November 2026, from the providers' own lists of models: platform.openai.com/docs/models,
 * docs.anthropic.com/en/docs/about-claude/models, ai.google.dev/gemini-api/docs/models, api-docs.deepseek.com,
 * help.aliyun.com/zh/model-studio/models, platform.moonshot.cn/docs, docs.bigmodel.cn, ollama.com/search?c=vision.
 * The first row that matches counts. What is in no row is taken to see nothing: a model that is shown a picture it
 * cannot take refuses the whole conversation.
 */
const families: readonly Family[] = [
  { name: /^gpt-oss|embedding|^(o1-(mini|preview)|o3-mini)|^claude-(2|instant)/, vision: false },
  { name: /^gpt-4o|^chatgpt-4o/, vision: true, maxOutputTokens: 16_384 },
  { name: /^gpt-4\.1/, vision: true, maxOutputTokens: 32_768 },
  { name: /^gpt-4-turbo/, vision: true, maxOutputTokens: 4_096 },
  { name: /^gpt-[5-9]/, vision: true, maxOutputTokens: 128_000 },
  { name: /^o[134](-|$)/, vision: true, maxOutputTokens: 100_000 },
  { name: /^claude-(3-[05]?-?haiku|3-haiku|3-opus|3-sonnet)/, vision: true, maxOutputTokens: 4_096 },
  { name: /^claude-(opus-4-1|opus-4-0|opus-4-2025|4-opus)/, vision: true, maxOutputTokens: 32_000 },
  { name: /^claude-/, vision: true, maxOutputTokens: 64_000 },
  { name: /^gemini-(2\.5|[3-9])/, vision: true, maxOutputTokens: 65_536 },
  { name: /^gemini-/, vision: true, maxOutputTokens: 8_192 },
  { name: /^deepseek-chat/, vision: false, maxOutputTokens: 8_192 },
  { name: /^deepseek-reasoner/, vision: false, maxOutputTokens: 65_536 },
  { name: /^qwen[\d.]*-?vl|^qvq|^qwen[\d.]*-omni/, vision: true, maxOutputTokens: 32_768 },
  { name: /^qwen3\.[5-9](?!.*max)/, vision: true, maxOutputTokens: 65_536 },
  { name: /^qwen(3-max|3\.\d+-max|3-coder-plus)/, vision: false, maxOutputTokens: 65_536 },
  { name: /^qwen-(plus|flash|turbo)/, vision: false, maxOutputTokens: 32_768 },
  { name: /^kimi-(k2\.[5-9]|k[3-9]|latest)|^moonshot-v1-.*vision/, vision: true },
  {
    name: /^glm-[\d.]+v|^grok-4|^minimax-m3|^pixtral|^mistral-(medium-3|small-3\.|large-2512)/,
    vision: true,
  },
  { name: /^gemma-?3|^llama-?4|^llava|^bakllava|^minicpm-v|^moondream|^internvl|^phi-4-multi/, vision: true },
  { name: /(^|[-_.\d])(vl|vision|multimodal)([-_.:\d]|$)/, vision: true },
];

/** The family of a model by its name, with or without its vendor (`qwen/qwen3-max`); undefined if it is in none. */
export function familyOf(model: string): Omit<Family, "name"> | undefined {
  const name = model
    .toLowerCase()
    .replace(/^.*\//, "")
    .replace(/^models\//, "");
  return families.find((family) => family.name.test(name));
}
