import { setTimeout as wait } from "node:timers/promises";
import { reconnectStyles } from "../client/history.ts";
import { startLoad } from "../client/load.ts";
import { watchRun } from "../client/watcher.ts";
import type { Scenario } from "../scenario.ts";
import { inWorld } from "../world.ts";

/** Streams that break at every place, across servers that end and begin. */
export const streams: Scenario = {
  name: "streams",
  about:
    "connections of watchers cut at random bytes, by them and on the way; the server restarted meanwhile",
  async run(context) {
    const { random, figures } = context;
    await inWorld(context, { pieces: 12, paceMs: 4, mayFail: /^server_stopped$/ }, async (world) => {
      const first = await world.fleet.start("all");
      const load = await startLoad(world, random.fork("load"), {
        people: 2,
        tasks: 2,
        watchers: 3,
        cutShare: 0.8,
        taskStreams: true,
      });
      const cuts = random.fork("cuts");
      for (let cut = 0; cut < 12; cut++) {
        await wait(cuts.whole(20, 150));
        if (cuts.chance(0.5)) world.door.resetAfter(cuts.whole(1, 3_000));
        else figures.count("connections cut on the way", world.door.cut(cuts.next()));
        if (cut !== 5) continue;
        if (cuts.chance(0.5)) await first.kill();
        else await first.stop();
        await world.fleet.start("all");
      }
      await load.stop();
      // Long after the end, from anywhere, in every style.
      await world.fleet.servers.at(-1)?.kill();
      await world.fleet.start("all");
      await Promise.all(
        world.history.watches.slice(0, 12).map(async ({ userId, taskId, runId }, index) => {
          const person = world.people.find((each) => each.userId === userId);
          const style = reconnectStyles[index % reconnectStyles.length] ?? "zero";
          const cut = cuts.fork(runId);
          if (!person) return;
          await watchRun(person, taskId, runId, {
            history: world.history,
            style,
            patienceMs: 20_000,
            cutAfter: () => (cut.chance(0.6) ? cut.whole(1, 2_000) : undefined),
          });
        }),
      );
      const dropped = world.history.watches
        .flatMap(({ connections }) => connections)
        .filter(({ end }) => end === "dropped by the watcher").length;
      figures.count("connections dropped by watchers", dropped);
    });
  },
};
