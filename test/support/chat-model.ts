import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import { createModel } from "../../src/agent/model/create-model.ts";
import {
  type Model,
  type ModelDelta,
  ModelError,
  type ModelReply,
  type ModelRequest,
} from "../../src/agent/model/model.ts";
import type { ModelProfile } from "../../src/agent/model/profiles/model-profile.ts";
import { resolveProfiles } from "../../src/agent/model/profiles/resolve-profiles.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";
import type { Part, Turn } from "./model-turn.ts";

/** The key that no message may show, of no form that could be told from other text. */
export const key = "schluessel.der.tests";

export const tools = ["read", "read_file", "list"].map((name) => ({
  name,
  description: name,
  parameters: { type: "object", properties: {} },
}));

export const request: ModelRequest = {
  system: "你是助手。",
  tools,
  messages: [{ payload: { role: "user", content: "读一读" } }],
};

/** A client of `/chat/completions` and the scripted server it calls. */
export interface ChatModelTest {
  models: ModelServer;
  /** The model of a profile, by default one that needs a key, at the server. */
  modelOf(profile?: Partial<ModelProfile>, stallMs?: number): Model;
  /** Plays a turn and gives the reply with all deltas. */
  call(turn: Turn, model?: Model, what?: ModelRequest): Promise<{ reply: ModelReply; deltas: ModelDelta[] }>;
  /** Plays a turn that must fail, without showing the key or the query of the address. */
  failure(turn: Turn, model?: Model): Promise<ModelError>;
  /** The messages of the request with this index, as they were sent. */
  sentMessages(index: number): Record<string, unknown>[];
}

/** Sets up the server for the tests of a file; its parts may be used inside tests only. */
export function setUpChatModel(): ChatModelTest {
  const server: { models?: ModelServer } = {};
  beforeAll(async () => {
    server.models = await startModelServer();
  });
  beforeEach(() => server.models?.reset());
  afterAll(() => server.models?.close());
  const test: ChatModelTest = {
    get models() {
      if (!server.models) throw new Error("the server is not started yet");
      return server.models;
    },
    modelOf(profile = {}, stallMs = 10_000) {
      const environment = {
        OPENAI_BASE_URL: `${test.models.url}?token=query-secret`,
        OPENAI_API_KEY: key,
        DEEPSEEK_API_KEY: key,
      };
      const base = { provider: "openai-compatible", model: "模型-1" } as const;
      const resolved = resolveProfiles({
        environment,
        file: { profiles: { 试验: { ...base, ...profile } } },
      });
      if ("problems" in resolved) throw new Error(resolved.problems.join(" "));
      const found = resolved.profiles.get("试验");
      if (!found) throw new Error("no profile");
      return createModel(found, { stallMs });
    },
    async call(turn, model = test.modelOf(), what = request) {
      test.models.script(turn);
      const deltas: ModelDelta[] = [];
      const never = new AbortController().signal;
      const reply = await model.call(what, (delta) => deltas.push({ ...delta }), never);
      return { reply, deltas };
    },
    async failure(turn, model) {
      const error = await test.call(turn, model).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof ModelError)) throw new Error(`not a ModelError: ${String(error)}`);
      expect(error.message).not.toContain(key);
      expect(error.message).not.toContain("query-secret");
      return error;
    },
    sentMessages: (index) => (test.models.requests[index]?.body.messages ?? []) as Record<string, unknown>[],
  };
  return test;
}

/** All text of one type. */
export function joined(deltas: ModelDelta[], type: ModelDelta["type"]): string {
  return deltas.flatMap((delta) => (delta.type === type ? [delta.text] : [])).join("");
}

/** A chunk of `/chat/completions` with this delta. */
export function chunk(delta: unknown, finish_reason: string | null = null): Part {
  return { chunk: { choices: [{ index: 0, delta, finish_reason }] } };
}

/** A chunk with these deltas of tool calls. */
export function toolDelta(...tool_calls: unknown[]): Part {
  return chunk({ tool_calls });
}
