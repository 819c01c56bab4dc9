/** A provider of models, as zcbot knows it. */
export interface Provider {
  /** What speaks to it: our own client of `/chat/completions`, an SDK package, or nothing (demo). */
  wire: "chat" | "openai" | "anthropic" | "google" | "demo";
  baseUrl: string | undefined;
  /** The variable that moves it elsewhere. */
  baseUrlVariable?: string;
  keyVariable: string | undefined;
  /** Whether it answers without a key. */
  keyOptional?: boolean;
  /** Tokens that a model of it can be trusted to have room for, where nothing is known of it. */
  contextWindow?: number;
  /** Whether its `usage.cost` is the call's price in US dollars. */
  saysCost?: boolean;
  /** See RequestStyle. */
  sendReasoning?: "as-given" | "every";
}

/** Every provider by the name that profiles and `ZCBOT_MODEL` give it. */
export const providers = {
  openai: {
    wire: "openai",
    baseUrl: "https://api.openai.com/v1",
    baseUrlVariable: "OPENAI_BASE_URL",
    keyVariable: "OPENAI_API_KEY",
  },
  "openai-compatible": {
    wire: "chat",
    baseUrl: undefined,
    baseUrlVariable: "OPENAI_BASE_URL",
    keyVariable: "OPENAI_API_KEY",
    keyOptional: true,
  },
  anthropic: {
    wire: "anthropic",
    baseUrl: "https://api.anthropic.com/v1",
    baseUrlVariable: "ANTHROPIC_BASE_URL",
    keyVariable: "ANTHROPIC_API_KEY",
  },
  google: {
    wire: "google",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    keyVariable: "GOOGLE_GENERATIVE_AI_API_KEY",
  },
  deepseek: {
    wire: "chat",
    baseUrl: "https://api.deepseek.com",
    keyVariable: "DEEPSEEK_API_KEY",
    sendReasoning: "every",
  },
  dashscope: {
    wire: "chat",
    baseUrl: "https://dashscope.aliyuncs.com/compatible-mode/v1",
    baseUrlVariable: "DASHSCOPE_BASE_URL",
    keyVariable: "DASHSCOPE_API_KEY",
  },
  moonshot: {
    wire: "chat",
    baseUrl: "https://api.moonshot.cn/v1",
    baseUrlVariable: "MOONSHOT_BASE_URL",
    keyVariable: "MOONSHOT_API_KEY",
    sendReasoning: "every",
  },
  openrouter: {
    wire: "chat",
    baseUrl: "https://openrouter.ai/api/v1",
    keyVariable: "OPENROUTER_API_KEY",
    saysCost: true,
  },
  ollama: {
    wire: "chat",
    baseUrl: "http://127.0.0.1:11434/v1",
    baseUrlVariable: "OLLAMA_BASE_URL",
    keyVariable: undefined,
    keyOptional: true,
    // It serves less than a model could, as its settings say, and cuts off silently what is beyond.
    contextWindow: 32_768,
  },
  demo: { wire: "demo", baseUrl: undefined, keyVariable: undefined, keyOptional: true },
} as const satisfies Record<string, Provider>;

export type ProviderName = keyof typeof providers;

export const providerNames = Object.keys(providers) as [ProviderName, ...ProviderName[]];
