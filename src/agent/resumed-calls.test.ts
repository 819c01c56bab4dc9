import { describe, expect, test } from "vitest";
import { isAnswered, results, run, says, tool } from "../../test/support/scripted-agent.ts";
import type { AskedRequest, GivenAnswer } from "../protocol/request.ts";
import type { Approvals } from "./approvals/approval-layers.ts";
import type { ConversationMessage } from "./model/model.ts";
import type { Tool } from "./tools/tool.ts";

/** Rules by which a person is asked about a tool's calls, and by which nobody may make them. */
const askAbout = (name: string): Approvals => ({
  layers: { operator: [{ tool: name, action: "ask" }] },
  waitMs: 1_000,
});
const forbid = (name: string): Approvals => ({
  layers: { operator: [{ tool: name, action: "deny" }] },
  waitMs: 1_000,
});

/** A conversation whose last answer asks for these tools, of which the first `answered` have been answered. */
function leftOff(names: string[], answered = 0): ConversationMessage[] {
  const tool_calls = names.map((name, index) => ({
    id: `c${index}`,
    type: "function" as const,
    function: { name, arguments: `{"path":"${index}"}` },
  }));
  const answers = tool_calls.slice(0, answered).map(({ id }) => ({
    payload: { role: "tool", tool_call_id: id, content: "已答" } as const,
  }));
  return [
    { payload: { role: "user", content: "继续" } },
    { payload: { role: "assistant", content: null, tool_calls } },
    ...answers,
  ];
}

/** Tools that note the calls that were made of them. */
function noting(called: string[]): Tool[] {
  return (["pure", "idempotent", "workspace", "external"] as const).map((effect) =>
    tool(effect, effect, (path) => called.push(path)),
  );
}

describe("after a crash", () => {
  const goOn = async (names: string[], more: Parameters<typeof run>[1] = {}, answered = 0) => {
    const called: string[] = [];
    const conversation = leftOff(names, answered);
    const trace = await run([says("完")], {
      conversation,
      firstStep: 2,
      interrupted: true,
      tools: noting(called),
      ...more,
    });
    return { called, trace };
  };

  test("a call that may run twice runs again, and what follows it runs as it would have", async () => {
    const { called, trace } = await goOn(["pure", "external", "idempotent"]);
    expect(called).toEqual(["0", "1", "2"]);
    expect(trace.events.find((event) => event.type === "llm_start")).toMatchObject({ step: 2 });
    expect(trace.requests[0]?.messages).toHaveLength(5);
  });

  test.each(["workspace", "external"])(
    "the outcome of the %s call that was under way is unknown, and later ones of the kind have not begun",
    async (effect) => {
      const { called, trace } = await goOn(["pure", effect, "external", "pure"], {}, 1);
      expect(called).toEqual(["3"]);
      expect(results(trace)).toEqual([
        expect.stringMatching(/not known whether it took effect/),
        expect.stringMatching(/did not begin/),
        "pure 完成",
      ]);
      expect(isAnswered(trace.messages)).toBe(false);
    },
  );

  test("without one, as when a server hands a run over, no call is in doubt", async () => {
    const { called } = await goOn(["external", "workspace"], { interrupted: false });
    expect(called).toEqual(["0", "1"]);
  });

  test("a call that was asked about is in doubt once the answer was used, whatever the rules are by then", async () => {
    const request = {
      request_id: crypto.randomUUID(),
      call_id: "c0",
      kind: "approval",
      tool: "external",
      deadline: null,
    } as const;
    const answer = { decision: "allow", by: "person" } as const;
    const asked = (more: Partial<AskedRequest>) =>
      new Map([["c0", { request, answer: null, used: false, ...more }]]);
    const approvals = askAbout("external");
    const open = await goOn(["external", "pure"], { approvals, requests: asked({}) });
    expect([open.called, open.trace.outcome, open.trace.events]).toEqual([[], { status: "waiting" }, []]);
    for (const rules of [approvals, askAbout("nothing")]) {
      const allowed = await goOn(["external", "pure"], { approvals: rules, requests: asked({ answer }) });
      expect(allowed.called).toEqual(["0", "1"]);
      expect(allowed.trace.order[0]).toBe("answered");
      const begun = await goOn(["external", "pure"], {
        approvals: rules,
        requests: asked({ answer, used: true }),
      });
      expect(begun.called).toEqual(["1"]);
      expect(results(begun.trace)[0]).toMatch(/not known whether it took effect/);
    }
  });

  test("a call that began without leave is in doubt, though a rule by now asks about it or forbids it", async () => {
    for (const approvals of [askAbout("external"), forbid("external")]) {
      const { called, trace } = await goOn(["external", "pure"], { approvals });
      expect(called).toEqual(["1"]);
      expect(results(trace)[0]).toMatch(/not known whether it took effect/);
    }
  });

  test("a call of another server's tool is in doubt, though its server is away", async () => {
    const { trace } = await goOn(["mcp__盘__put", "gone"], { tools: [] });
    expect(results(trace)[0]).toMatch(/not known whether it took effect/);
    const { trace: other } = await goOn(["gone"], { tools: [] });
    expect(results(other)[0]).toMatch(/no tool named/);
  });
});

test("a call that was refused stays refused where leave is no longer needed", async () => {
  const called: string[] = [];
  const request = {
    request_id: crypto.randomUUID(),
    call_id: "c0",
    kind: "approval",
    deadline: null,
  } as const;
  const answer: GivenAnswer = { decision: "deny", by: "person" };
  const trace = await run([says("好")], {
    conversation: leftOff(["external"]),
    firstStep: 2,
    tools: noting(called),
    requests: new Map([["c0", { request, answer, used: false }]]),
  });
  expect(called).toEqual([]);
  expect(trace.events[0]).toMatchObject({ type: "answered", decision: "deny" });
});
