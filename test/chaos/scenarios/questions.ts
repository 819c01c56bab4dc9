import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Request } from "../../../src/protocol/request.ts";
import { reconnectStyles } from "../client/history.ts";
import type { Person } from "../client/person.ts";
import { watchRun } from "../client/watcher.ts";
import { readStored, type Stored } from "../invariants/stored.ts";
import { type Step, writePlan } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { inWorld, userRoot, type World } from "../world.ts";

const runsEach = 4;
const steps: readonly Step[] = ["ask", "ask", "write", "bash", "read"];

/** What a person answered, and what came of it. */
interface GivenAnswer {
  request: Request;
  answer: string;
  /** 202 taken; 409 answered already, by the same answer on an earlier attempt or in another window. */
  statuses: number[];
}

/** Questions and approvals that are waited for while servers are lost. */
export const questions: Scenario = {
  name: "questions",
  about: `${runsEach} runs for each of 4 tasks that ask their person, for answers and for leave, while servers are killed`,
  async run(context) {
    const { random, figures } = context;
    const environment = { ZCBOT_LIMIT_ATTEMPTS: "20", ZCBOT_APPROVALS: "write" };
    const given: GivenAnswer[] = [];
    await inWorld(context, { environment, settleMs: 45_000 }, async (world) => {
      const { fleet } = world;
      const several = random.chance(0.5);
      await Promise.all(several ? [fleet.start("api"), fleet.start("worker")] : [fleet.start("all")]);
      const people = [await world.addPerson(), await world.addPerson()];
      const talking = Promise.all(
        people.flatMap((person, number) =>
          [0, 1].map((task) =>
            talk(world, person, `问${number}-${task}`, random.fork(`${number}-${task}`), given),
          ),
        ),
      );
      for (let kill = 0; kill < 3; kill++) {
        await wait(random.whole(100, 1_000));
        const victim = random.pick(fleet.servers.filter(({ state }) => state === "up"));
        await (random.chance(0.7) ? victim.kill() : victim.stop());
        figures.count("servers killed or stopped");
        await fleet.start(victim.role);
      }
      await talking;
      const roots = people.map((person) => userRoot(world, person));
      const stored = await readStored(world.database.database.pool);
      for (const fault of checkAnswers(stored, given, roots)) world.context.violate(fault);
    });
    figures.count("requests answered", given.length);
  },
};

async function talk(
  world: World,
  person: Person,
  name: string,
  random: Random,
  given: GivenAnswer[],
): Promise<void> {
  const { history, context } = world;
  const { task_id: taskId } = await person.createTask(name);
  world.directories.push(name);
  for (let number = 0; number < runsEach; number++) {
    const token = `${name.replace("问", "w")}-${number}`;
    const plan = { token, steps: [random.pick(steps), "ask", random.pick(steps), "text"] satisfies Step[] };
    const { runId, status } = await person.post(taskId, writePlan(plan));
    if (!runId) return context.violate(`a message was refused: ${status}`);
    const answering: Promise<unknown>[] = [];
    const known = new Set<string>();
    await watchRun(person, taskId, runId, {
      history,
      style: random.pick(reconnectStyles),
      patienceMs: 90_000,
      onFrame(event, _seq, data) {
        if (event !== "request") return;
        const request = JSON.parse(data) as Request;
        // A watcher that begins anew is told again.
        if (known.has(request.request_id)) return;
        known.add(request.request_id);
        answering.push(answer(person, taskId, runId, request, random.fork(request.call_id), given));
      },
    });
    await Promise.all(answering);
  }
}

async function answer(
  person: Person,
  taskId: string,
  runId: string,
  request: Request,
  random: Random,
  given: GivenAnswer[],
): Promise<void> {
  await wait(random.pick([0, random.whole(0, 800)]));
  const isApproval = request.kind === "approval";
  const chosen = random.pick(isApproval ? ["allow", "deny"] : ["甲", "乙", "都不要"]);
  const body = {
    request_id: request.request_id,
    ...(isApproval ? { decision: chosen } : { answers: [chosen] }),
  };
  const path = `/v1/tasks/${taskId}/runs/${runId}/answers`;
  // Sometimes out of two windows at once.
  const asked = await Promise.all(
    Array.from({ length: random.chance(0.2) ? 2 : 1 }, () => person.ask("POST", path, body)),
  );
  given.push({ request, answer: chosen, statuses: asked.map((each) => each.answer?.status ?? 0) });
}

/** Each request is answered once in the log, by what the person said, and the call has its way. */
function checkAnswers(stored: Stored, given: GivenAnswer[], roots: string[]): string[] {
  const faults: string[] = [];
  const all = [...stored.events.values()].flat();
  const events = (wanted: string) =>
    all.filter(({ type }) => type === wanted).map(({ data }) => JSON.parse(data) as Record<string, unknown>);
  const [requests, answers, results] = [events("request"), events("answered"), events("tool_result")];
  for (const { request_id } of requests) {
    const count = answers.filter((each) => each.request_id === request_id).length;
    if (count !== 1) faults.push(`request ${request_id} is answered ${count} times in the log`);
  }
  for (const { request, answer, statuses } of given) {
    const name = `request ${request.request_id} (${request.kind} of ${request.call_id}, answered ${statuses})`;
    if (!statuses.every((status) => status === 202 || status === 409)) faults.push(`${name} was not taken`);
    const logged = answers.find((each) => each.request_id === request.request_id);
    const said = request.kind === "approval" ? logged?.decision : (logged?.answers as string[])?.[0];
    if (said !== answer || logged?.by !== "person")
      faults.push(`${name} reached the run as ${said}, not ${answer}`);
    const result = results.find(({ id }) => id === request.call_id);
    if (request.kind === "question" && !String(result?.content).includes(answer)) {
      faults.push(`${name}: the model was told ${result?.content}, not ${answer}`);
    }
    if (request.kind !== "approval") continue;
    const { path } = request.arguments as { path: string };
    const written = stored.tasks.some(({ directory }) =>
      roots.some((root) => existsSync(join(root, directory, path))),
    );
    if (written !== (answer === "allow"))
      faults.push(`${name}: ${answer}, and ${written ? "" : "not "}written`);
  }
  return faults;
}
