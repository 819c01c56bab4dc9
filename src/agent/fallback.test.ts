import { expect, test } from "vitest";
import {
  type Answer,
  calls,
  facts,
  fails,
  run,
  says,
  type Trace,
} from "../../test/support/scripted-agent.ts";
import { showAll } from "./context/context-keeper.ts";
import { type Model, ModelError, type ModelErrorCode } from "./model/model.ts";

/** A model that answers by its own script; what it costs is its own too. */
function modelOf(id: string, ...answers: Answer[]): Model {
  return {
    id,
    facts: { ...facts, profile: `配置-${id}`, prices: { input: 1, output: 1 } },
    async call(request, onDelta, signal) {
      const answer = answers.shift();
      if (!answer) throw new Error(`${id} has no further answer`);
      return answer(request, onDelta, signal);
    },
  };
}

function failure(code: ModelErrorCode, text: string = code, retryable = true): Answer {
  return fails(new ModelError(code, text, { retryable }), "半句");
}

function retries(trace: Trace) {
  return trace.events.flatMap((event) => (event.type === "retry" ? [event] : []));
}

function starts(trace: Trace): string[] {
  return trace.events.flatMap((event) =>
    event.type === "llm_start" ? [`${event.step} ${event.model}`] : [],
  );
}

test.each<ModelErrorCode>(["model_rate_limited", "model_unavailable", "model_connection", "model_stalled"])(
  "%s: the next model goes on at once, under its own id",
  async (code) => {
    const trace = await run([], {
      model: modelOf("甲", failure(code, "太忙了")),
      fallbacks: [modelOf("乙", says("整句"))],
      planRetry: () => ({ waitMs: 3_600_000 }),
    });
    expect(trace.outcome).toEqual({ status: "ok" });
    expect(retries(trace)).toEqual([
      { type: "retry", attempt: 1, reason: "太忙了", wait_ms: 0, model: "乙" },
    ]);
    expect(starts(trace)).toEqual(["1 甲", "1 乙"]);
    expect(trace.messages.map((message) => message.payload.content)).toEqual(["整句"]);
  },
);

test("an account without credit is passed over too", async () => {
  const poor = new ModelError("model_rejected", "余额不足", { retryable: false, passable: true });
  const trace = await run([], { model: modelOf("甲", fails(poor)), fallbacks: [modelOf("乙", says("好"))] });
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(starts(trace)).toEqual(["1 甲", "1 乙"]);
});

test("what the answer took is accounted under the model that gave it", async () => {
  const trace = await run([], {
    model: modelOf("甲", failure("model_unavailable")),
    fallbacks: [modelOf("乙", says("好"))],
  });
  const usage = trace.events.filter((event) => event.type === "usage");
  expect(usage).toMatchObject([{ model: "乙", profile: "配置-乙", cost: expect.any(Number) }]);
});

test("the model that went on is the one of the following steps", async () => {
  const trace = await run([], {
    model: modelOf("甲", failure("model_unavailable")),
    fallbacks: [modelOf("乙", calls(["read", '{"path":"甲.md"}', "c"]), says("看了"))],
  });
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(starts(trace)).toEqual(["1 甲", "1 乙", "2 乙"]);
});

test("what is shown of the conversation is chosen for the model that goes on", async () => {
  const asked: string[] = [];
  const context = showAll("你是助手");
  await run([], {
    context: {
      ...context,
      async prepare(call, sink, signal) {
        asked.push(call.model.id);
        return context.prepare(call, sink, signal);
      },
    },
    model: modelOf("甲", failure("model_unavailable")),
    fallbacks: [modelOf("乙", calls(["read", '{"path":"甲.md"}', "c"]), says("看了"))],
  });
  expect(asked).toEqual(["甲", "乙"]);
});

test("when all have failed there is the usual wait, and the first one is called again", async () => {
  const asked: [string, number][] = [];
  const trace = await run([], {
    model: modelOf("甲", failure("model_rate_limited", "甲忙"), says("好")),
    fallbacks: [
      modelOf("乙", failure("model_unauthorized", "钥匙不对", false)),
      modelOf("丙", failure("model_stalled")),
    ],
    planRetry(error, attempt) {
      asked.push([error.message, attempt]);
      return { waitMs: 7 };
    },
  });
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(asked).toEqual([["甲忙", 1]]);
  expect(retries(trace).map(({ model, wait_ms }) => [model, wait_ms])).toEqual([
    ["乙", 0],
    ["丙", 0],
    ["甲", 7],
  ]);
});

test("wherever a run has come to in its chain, all are asked before the wait, and then the first one", async () => {
  const busy = () => failure("model_unavailable", "忙");
  const trace = await run([], {
    model: modelOf("甲", busy(), busy(), says("好")),
    fallbacks: [
      modelOf("乙", busy(), busy()),
      modelOf("丙", calls(["read", '{"path":"甲.md"}', "c"]), busy()),
    ],
    planRetry: () => ({ waitMs: 3 }),
  });
  expect(trace.outcome).toEqual({ status: "ok" });
  expect(starts(trace)).toEqual(["1 甲", "1 乙", "1 丙", "2 丙", "2 甲", "2 乙", "2 甲"]);
  expect(retries(trace).map(({ wait_ms }) => wait_ms)).toEqual([0, 0, 0, 0, 3]);
});

test("a chain that fails round after round ends as one model would", async () => {
  const busy = () => Array.from({ length: 9 }, () => failure("model_unavailable", "忙"));
  const trace = await run([], {
    model: modelOf("甲", ...busy()),
    fallbacks: [modelOf("乙", ...busy())],
    planRetry: (_error, attempt) => (attempt < 3 ? { waitMs: 0 } : null),
  });
  expect(trace.outcome).toMatchObject({ status: "error", code: "model_unavailable" });
  expect(starts(trace)).toEqual(["1 甲", "1 乙", "1 甲", "1 乙", "1 甲", "1 乙"]);
});

test.each<ModelErrorCode>(["model_unauthorized", "model_rejected", "model_context_length"])(
  "%s of the first model is shown, not passed over",
  async (code) => {
    const trace = await run([], {
      model: modelOf("甲", failure(code, "不行", false)),
      fallbacks: [modelOf("乙", says("好"))],
      planRetry: () => null,
    });
    expect(trace.outcome).toMatchObject({ status: "error", code });
    expect(starts(trace)).toEqual(["1 甲"]);
  },
);

test("what a call took that was broken off is accounted under its own model", async () => {
  const cut = modelOf("甲");
  const trace = await run([], {
    model: {
      ...cut,
      async call(_request, _onDelta, _signal, onBrokenOff) {
        onBrokenOff?.({ tokensIn: 900, tokensOut: 20, cached: 0, cacheWrites: 0, reasoning: 0 });
        throw new ModelError("model_connection", "断了", { retryable: true });
      },
    },
    fallbacks: [modelOf("乙", says("好"))],
  });
  const usage = trace.events.filter((event) => event.type === "usage");
  expect(usage).toMatchObject([
    { model: "甲", profile: "配置-甲", tokens_in: 900, tokens_out: 20, cost: 0.000_92 },
    { model: "乙", profile: "配置-乙" },
  ]);
});
