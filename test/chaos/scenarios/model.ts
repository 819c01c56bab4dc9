import type { ModelServer } from "../../support/model-server.ts";
import { calls, fails, type Part, says, type Turn } from "../../support/model-turn.ts";
import { reconnectStyles } from "../client/history.ts";
import type { Person } from "../client/person.ts";
import { watchRun } from "../client/watcher.ts";
import type { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { inWorld, type World } from "../world.ts";

const lanes = 20;
const runsEach = 5;
/** What the servers are told to bear of silence, milliseconds. */
const stallMs = 600;

/** A fault and how the run must end: `ok`, or with an error of such a code. */
interface Fault {
  /** The turns before the good one. */
  turns: Turn[] | "forever";
  /** The turn that is repeated for ever. */
  turn?: Turn;
  end: "ok" | "cancelled" | RegExp;
  /** Requests at most. */
  requests: number;
}

const someText: Part[] = [{ text: "说到" }, { text: "一半" }, { text: "不会到" }];
const whole = says("好的。");
/** Attempts of one step at most, the first one included. */
const attempts = 5;

const faults: Record<string, Fault> = {
  "429": { turns: [fails(429, "too many requests")], end: "ok", requests: 2 },
  "429 with a time to wait": { turns: [fails(429, "wait", { "retry-after": "1" })], end: "ok", requests: 2 },
  "429 for ever": { turns: "forever", turn: fails(429, "no"), end: /./, requests: attempts },
  "500 twice": { turns: [fails(500), fails(503)], end: "ok", requests: 3 },
  "500 for ever": { turns: "forever", turn: fails(500), end: /./, requests: attempts },
  "502 of a gateway": { turns: [{ status: 502, body: "<html>Bad Gateway</html>" }], end: "ok", requests: 2 },
  "401": { turns: "forever", turn: fails(401, "bad key"), end: /./, requests: 1 },
  "400": { turns: "forever", turn: fails(400, "bad request"), end: /./, requests: 1 },
  "reset before a byte": { turns: [{ resetAfter: 0 }], end: "ok", requests: 2 },
  "reset in the middle": { turns: [{ parts: someText, resetAfter: 2 }], end: "ok", requests: 2 },
  "reset for ever": {
    turns: "forever",
    turn: { parts: someText, resetAfter: 1 },
    end: /./,
    requests: attempts,
  },
  "hangs before a byte": { turns: [{ stallAfter: 0 }], end: "ok", requests: 2 },
  "hangs in the middle": { turns: [{ parts: someText, stallAfter: 2 }], end: "ok", requests: 2 },
  "hangs, and is cancelled": {
    turns: "forever",
    turn: { stallAfter: 0 },
    end: "cancelled",
    requests: attempts,
  },
  "slow drip": {
    turns: [{ ...says("一", "二", "三", "四"), paceMs: 120, sliceBytes: 9 }],
    end: "ok",
    requests: 1,
  },
  "bad JSON": {
    turns: [{ parts: [{ text: "说" }, { raw: 'data: {"choices": [\n\n' }] }],
    end: "ok",
    requests: 2,
  },
  "lines that say nothing": {
    turns: [{ parts: [{ raw: ": 心跳\n\nevent: ping\n\nnonsense\n\n" }, { text: "说" }] }],
    end: "ok",
    requests: 1,
  },
  "no last word": {
    turns: [{ parts: [{ text: "说" }], finishReason: null, lastWord: false }],
    end: "ok",
    requests: 2,
  },
  "nothing, for ever": { turns: "forever", turn: { parts: [] }, end: /^model_empty$/, requests: 2 },
  "arguments cut off": { turns: [calls("bash", '{"command": "echo x >> eff')], end: "ok", requests: 2 },
  "arguments of the wrong shape": {
    turns: [calls("bash", { order: 1 }), calls("bash", "[]")],
    end: "ok",
    requests: 3,
  },
  "cut off by the limit": {
    turns: [{ ...calls("write", '{"path": "长", "content": "很'), finishReason: "length" }],
    end: "ok",
    requests: 2,
  },
  "a tool that is none": { turns: [calls("rm_rf", {})], end: "ok", requests: 2 },
  "ids that repeat": {
    turns: [calls("read", { path: "x" }, "call_1"), calls("read", { path: "x" }, "call_1")],
    end: "ok",
    requests: 3,
  },
  "ids that are empty": {
    turns: [{ parts: [readCall(""), readCall("")] }],
    end: "ok",
    requests: 2,
  },
};

function readCall(id: string): Part {
  return { toolCall: { id, name: "read", arguments: '{"path": "x"}' } };
}

/** Every way in which a model may fail, mixed. */
export const model: Scenario = {
  name: "model",
  about: `${lanes * runsEach} runs a round, each with one of ${Object.keys(faults).length} faults of models`,
  async run(context) {
    const { random } = context;
    const requests = new Map<string, number>();
    const environment = { ZCBOT_LIMIT_STALL_MS: String(stallMs) };
    const options = { environment, ownModel: true, mayFail: /./, mayCancel: true };
    await inWorld(context, options, async (world) => {
      misbehave(world.models, requests);
      await world.fleet.start("all");
      const person = await world.addPerson();
      await Promise.all(
        Array.from({ length: lanes }, (_, lane) =>
          failInTurn(world, person, lane, random.fork(`${lane}`), requests),
        ),
      );
    });
  },
};

/** The first line names the fault, the second the run. */
function misbehave(models: ModelServer, requests: Map<string, number>): void {
  models.handle(({ body }) => {
    const messages = body.messages as { role: string; content: unknown }[];
    const prompt = String(messages.findLast(({ role }) => role === "user")?.content);
    const count = requests.get(prompt) ?? 0;
    requests.set(prompt, count + 1);
    const fault = faults[prompt.split("\n")[0] ?? ""];
    if (fault?.turns === "forever") return fault.turn ?? whole;
    return fault?.turns[count] ?? whole;
  });
}

async function failInTurn(
  world: World,
  person: Person,
  lane: number,
  random: Random,
  requests: Map<string, number>,
): Promise<void> {
  const { figures, violate } = world.context;
  const { task_id: taskId } = await person.createTask(`故障${lane}`);
  for (let number = 0; number < runsEach; number++) {
    const name = random.pick(Object.keys(faults));
    const fault = faults[name];
    const prompt = `${name}\n${lane}-${number}`;
    const { runId } = await person.post(taskId, prompt);
    if (!runId || !fault) return violate(`a message was refused after the fault "${name}"`);
    const cancelling = Promise.withResolvers<void>();
    const watching = watchRun(person, taskId, runId, {
      history: world.history,
      style: random.pick(reconnectStyles),
      patienceMs: 60_000,
      onFrame: (event) => fault.end === "cancelled" && event === "llm_start" && cancelling.resolve(),
    });
    if (fault.end === "cancelled") {
      await cancelling.promise;
      const { startedAt } = await person.cancel(taskId, runId);
      const { finishedAt = Number.NaN } = await watching;
      figures.time("cancel of a hanging call, to the last event", finishedAt - startedAt);
    }
    const { last } = await watching;
    const ended = last?.event === "error" ? String(last.data.code) : String(last?.data.status);
    const right =
      typeof fault.end === "string" ? ended === fault.end : last?.event === "error" && fault.end.test(ended);
    if (!right) violate(`after "${name}" run ${runId} ended ${ended}: ${last?.data.msg ?? ""}`);
    const asked = requests.get(prompt) ?? 0;
    if (asked > fault.requests)
      violate(`after "${name}" the model was asked ${asked} times, ${fault.requests} would do`);
    figures.count("runs with a fault of the model");
  }
}
