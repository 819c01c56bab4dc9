import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ModelServer, startModelServer } from "../../../../test/support/model-server.ts";
import { says, type Turn } from "../../../../test/support/model-turn.ts";
import { createModel } from "../create-model.ts";
import type { ConversationMessage, ModelRequest } from "../model.ts";
import { resolveProfiles } from "../profiles/resolve-profiles.ts";
import type { SdkWire } from "./sdk-model.ts";

let models: ModelServer;
beforeAll(async () => {
  models = await startModelServer();
});
beforeEach(() => models.reset());
afterAll(() => models.close());

const names: Record<SdkWire, string> = {
  openai: "gpt-5",
  anthropic: "claude-sonnet-4-5",
  google: "gemini-3-pro-preview",
};

async function call(wire: SdkWire, turn: Turn, messages: ConversationMessage[], vision?: boolean) {
  const resolved = resolveProfiles({
    environment: { OPENAI_API_KEY: "k", ANTHROPIC_API_KEY: "k", GOOGLE_GENERATIVE_AI_API_KEY: "k" },
    file: { profiles: { 试验: { provider: wire, model: names[wire], vision } } },
  });
  if ("problems" in resolved) throw new Error(resolved.problems.join(" "));
  const profile = resolved.profiles.get("试验");
  if (!profile) throw new Error("no profile");
  models.script(turn);
  const tools = ["read", "list"].map((name) => ({ name, description: "读", parameters: { type: "object" } }));
  const request: ModelRequest = { system: "你是助手。", tools, messages };
  const model = createModel({ ...profile, baseUrl: models.url });
  const reply = await model.call(request, () => {}, new AbortController().signal);
  return { reply, body: models.requests.at(-1)?.body ?? {} };
}

const asks: ConversationMessage = { payload: { role: "user", content: "读一读" } };
const calls = (...ids: string[]): ConversationMessage => ({
  payload: {
    role: "assistant",
    content: null,
    tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "read", arguments: "{}" } })),
  },
});
const answers = (id: string): ConversationMessage => ({
  payload: { role: "tool", tool_call_id: id, content: `内容 ${id}` },
});

describe("what was used", () => {
  const usage = { input: 5_000, output: 300, cached: 4_096, reasoning: 200 };

  test.each(["openai", "google"] as const)("is counted exactly: %s", async (wire) => {
    const { reply } = await call(wire, { ...says("好"), usage }, [asks]);
    expect(reply.usage).toEqual({
      tokensIn: 5_000,
      tokensOut: 300,
      cached: 4_096,
      cacheWrites: 0,
      reasoning: 200,
    });
  });

  test.each(["openai", "anthropic"] as const)(
    "is counted with what was written to the cache: %s",
    async (wire) => {
      const { reply } = await call(wire, { ...says("好"), usage: { ...usage, cacheWrites: 700 } }, [asks]);
      expect(reply.usage).toEqual({
        tokensIn: 5_000,
        tokensOut: 300,
        cached: 4_096,
        cacheWrites: 700,
        reasoning: 200,
      });
    },
  );
});

/** The paths of all objects with a cache marker. */
function markersIn(value: unknown, path = ""): string[] {
  if (value === null || typeof value !== "object") return [];
  const own = "cache_control" in value && value.cache_control ? [path] : [];
  return [...own, ...Object.entries(value).flatMap(([key, inner]) => markersIn(inner, `${path}/${key}`))];
}

function withoutMarkers(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === "cache_control" ? undefined : inner)));
}

describe("Anthropic's cache", () => {
  const turns: ConversationMessage[][] = [
    [asks],
    [calls("a", "b"), answers("a"), answers("b")],
    [calls("c"), answers("c"), { payload: { role: "user", content: "还有丙" } }],
  ];
  const upTo = (turn: number) => turns.slice(0, turn + 1).flat();

  test("is marked behind the system prompt, the last message, and where the request before ended", async () => {
    const bodies = [];
    for (const turn of turns.keys()) bodies.push((await call("anthropic", says("好"), upTo(turn))).body);
    expect(bodies.map((body) => markersIn(body))).toEqual([
      ["/system/0", "/messages/0/content/0"],
      ["/system/0", "/messages/0/content/0", "/messages/2/content/1"],
      ["/system/0", "/messages/2/content/1", "/messages/4/content/1"],
    ]);
    expect(bodies[0]?.system).toMatchObject([{ cache_control: { type: "ephemeral" } }]);
  });

  test("finds each request at the beginning of the next, but for the markers", async () => {
    const first = withoutMarkers((await call("anthropic", says("好"), upTo(1))).body) as Record<
      string,
      unknown
    >;
    const second = withoutMarkers((await call("anthropic", says("好"), upTo(2))).body) as Record<
      string,
      unknown
    >;
    expect([second.system, second.tools]).toEqual([first.system, first.tools]);
    const before = first.messages as unknown[];
    expect((second.messages as unknown[]).slice(0, before.length)).toEqual(before);
  });
});

describe("ids of calls that another provider made", () => {
  const ids = ["functions.read:0", "功能-1", "c".repeat(70), "toolu_01-x"];
  const messages = [asks, calls(...ids), ...ids.map(answers)];

  test.each(["openai", "anthropic"] as const)(
    "are ones that this one takes, alike in call and result: %s",
    async (wire) => {
      const { body } = await call(wire, says("好"), messages);
      const sent = JSON.stringify(body);
      const found = (field: string) =>
        [...sent.matchAll(new RegExp(`"${field}":"([^"]*)"`, "g"))].map(([, id]) => id);
      const made = wire === "openai" ? found("call_id").slice(0, 4) : found("id");
      const answered = wire === "openai" ? found("call_id").slice(4) : found("tool_use_id");
      expect(answered).toEqual(made);
      expect(new Set(made).size).toBe(4);
      expect(made.at(-1)).toBe("toolu_01-x");
      for (const id of made) expect(id).toMatch(/^[\w-]{1,64}$/);
    },
  );
});

describe("a refusal", () => {
  test("of OpenAI's is the answer's text", async () => {
    const item = { id: "msg_0", type: "message", role: "assistant", content: [] };
    const place = { item_id: "msg_0", output_index: 0, content_index: 0 };
    const refusal = "这个我不能做。";
    const content = [{ type: "refusal", refusal }];
    const { reply } = await call(
      "openai",
      {
        parts: [
          {
            chunk: {
              type: "response.output_item.added",
              output_index: 0,
              item: { ...item, status: "in_progress" },
            },
          },
          { chunk: { type: "response.refusal.delta", ...place, delta: refusal } },
          { chunk: { type: "response.refusal.done", ...place, refusal } },
          {
            chunk: {
              type: "response.output_item.done",
              output_index: 0,
              item: { ...item, status: "completed", content },
            },
          },
        ],
      },
      [asks],
    );
    expect([reply.text, reply.finishReason]).toEqual([refusal, "content_filter"]);
  });

  test("of Anthropic's filter is told as one", async () => {
    const { reply } = await call("anthropic", { parts: [], finishReason: "refusal" }, [asks]);
    expect([reply.text, reply.finishReason]).toEqual(["", "content_filter"]);
  });
});

describe("OpenAI's cache", () => {
  test("is found by a key that stays while the conversation grows", async () => {
    const keyOf = async (messages: ConversationMessage[]) =>
      (await call("openai", says("好"), messages)).body.prompt_cache_key;
    const key = await keyOf([asks]);
    expect(key).toMatch(/^[\w-]{32}$/);
    expect(await keyOf([asks, calls("a"), answers("a")])).toBe(key);
    expect(await keyOf([{ payload: { role: "user", content: "别的" } }])).not.toBe(key);
  });
});

describe("pictures", () => {
  const images = [{ mediaType: "image/png" as const, name: "甲.png", data: "iVBORw0KGgo=" }];
  const seen: ConversationMessage[] = [{ ...asks, images }, calls("a"), { ...answers("a"), images }];

  test.each(["openai", "anthropic", "google"] as const)(
    "go to a model that sees, text beside them: %s",
    async (wire) => {
      const { body } = await call(wire, says("好"), seen, true);
      const sent = JSON.stringify(body);
      expect(sent.split("iVBORw0KGgo=")).toHaveLength(3);
      for (const text of ["读一读", "内容 a"]) expect(sent).toContain(text);
    },
  );

  test.each(["openai", "anthropic", "google"] as const)(
    "stay away from one that does not: %s",
    async (wire) => {
      const { body } = await call(wire, says("好"), seen, false);
      expect(JSON.stringify(body)).not.toContain("iVBORw0KGgo=");
      expect(JSON.stringify(body)).toContain("内容 a");
    },
  );
});
