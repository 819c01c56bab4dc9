import { setTimeout as wait } from "node:timers/promises";
import type { MessageMode } from "../../../src/protocol/message.ts";
import { reconnectStyles } from "../client/history.ts";
import type { Person } from "../client/person.ts";
import { watchRun } from "../client/watcher.ts";
import { randomPlan, writePlan } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import { inWorld, type World } from "../world.ts";

const messagesEach = 8;
const modes: readonly MessageMode[] = ["queue", "steer", "steer", "interrupt"];

/** Messages that come while a run is at work, in every mode, while servers are lost. */
export const steer: Scenario = {
  name: "steer",
  about: `${messagesEach} messages for each of 4 tasks in the modes queue, steer and interrupt, some edited or withdrawn, while servers are killed`,
  async run(context) {
    const { random } = context;
    const environment = { ZCBOT_LIMIT_ATTEMPTS: "20" };
    const options = { environment, mayCancel: true, slowSeconds: 0.3, settleMs: 45_000 };
    await inWorld(context, options, async (world) => {
      const { fleet } = world;
      const several = random.chance(0.5);
      await Promise.all(
        several ? [fleet.start("api"), fleet.start("worker"), fleet.start("all")] : [fleet.start("all")],
      );
      const people = [await world.addPerson(), await world.addPerson()];
      const talking = Promise.all(
        people.flatMap((person, number) =>
          [0, 1].map((task) => talk(world, person, `话${number}-${task}`, random.fork(`${number}-${task}`))),
        ),
      );
      for (let kill = 0; kill < 2; kill++) {
        await wait(random.whole(200, 1_500));
        const victim = random.pick(fleet.servers.filter(({ state }) => state === "up"));
        await victim.kill();
        context.figures.count("servers killed");
        await wait(random.whole(0, 200));
        await fleet.start(victim.role);
      }
      await talking;
    });
  },
};

/** Somebody who says one thing after the other, whatever is going on, and follows what becomes of it. */
export async function talk(
  world: World,
  person: Person,
  name: string,
  random: Random,
  messages = messagesEach,
): Promise<void> {
  const { history } = world;
  const { task_id: taskId } = await person.createTask(name);
  world.directories.push(name);
  const watching: Promise<unknown>[] = [];
  let posting: Promise<unknown> = Promise.resolve();
  for (let number = 0; number < messages; number++) {
    const token = `${name.replace("话", "h")}-${number}`;
    // What steers need not bring a plan of its own.
    const content = random.chance(0.6) ? writePlan(randomPlan(random, token, 3)) : `补充一句 ${token}`;
    const mode = random.pick(modes);
    const own = random.fork(token);
    const posted = person.post(taskId, content, mode).then(async (post) => {
      const { runId, pendingId, outcome, status } = post;
      if (outcome === "refused") world.context.violate(`a message (${mode}) was refused: ${status}`);
      world.context.figures.count(`messages to ${mode}${pendingId ? ", waiting" : ""}`);
      const fate = own.next();
      if (pendingId && fate < 0.15) {
        await person.withdraw(post);
        if (post.withdrawn) return world.context.figures.count("messages withdrawn");
      } else if (pendingId && fate < 0.3) {
        await person.edit(post, `${content} 改`);
        if (post.edited) world.context.figures.count("messages edited");
      }
      // The run it was promised: for a steer the one at work, else its own, which may not have begun.
      const watched = mode === "steer" ? runId : (pendingId ?? runId);
      if (!watched) return;
      const style = own.pick(reconnectStyles);
      watching.push(watchRun(person, taskId, watched, { history, style, patienceMs: 90_000 }));
    });
    // Some are posted while the one before is not answered yet.
    if (random.chance(0.7)) await posted;
    else posting = Promise.all([posting, posted]);
    await wait(random.pick([0, random.whole(0, 50), random.whole(0, 600)]));
  }
  await posting;
  await Promise.all(watching);
}
