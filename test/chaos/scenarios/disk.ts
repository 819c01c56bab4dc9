import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { encodeForm, formType } from "../../support/api/multipart.ts";
import { startLoad } from "../client/load.ts";
import type { Person } from "../client/person.ts";
import type { Scenario } from "../scenario.ts";
import { inWorld, type World } from "../world.ts";

const run = promisify(execFile);
const size = "8m";
const fillsEach = 4;
const name = "报告.txt";

/** A data folder that gets full, and free again, while runs and uploads write into it. */
export const disk: Scenario = {
  name: "disk",
  about: `a data folder of ${size} that is filled and freed ${fillsEach} times a round`,
  async impossible() {
    const folder = await mkdtemp(join(tmpdir(), "zcbot-chaos-disk-"));
    try {
      await mount(folder);
      await unmount(folder);
      return undefined;
    } catch {
      return "no file system can be mounted here";
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  async run(context) {
    const { random, figures } = context;
    const folder = await mkdtemp(join(tmpdir(), "zcbot-chaos-disk-"));
    await mount(folder);
    try {
      await inWorld(context, { dataDir: join(folder, "data") }, async (world) => {
        await mkdir(world.dataDir);
        await world.fleet.start("all");
        const load = await startLoad(world, random.fork("load"), { people: 1, tasks: 3 });
        const person = await world.addPerson();
        let content = await replace(world, person, "", 1);
        for (let fill = 0; fill < fillsEach; fill++) {
          await wait(random.whole(100, 400));
          const filler = join(folder, "filler");
          await writeFile(filler, Buffer.alloc(64 * 2 ** 20)).catch(() => {});
          figures.count("times the disk was full");
          content = await replace(world, person, content, 2 * fill + 2);
          await wait(random.whole(100, 600));
          await rm(filler);
          const before = content;
          content = await replace(world, person, content, 2 * fill + 3);
          if (content === before) context.violate("an upload failed though the disk was free again");
        }
        await load.stop();
      });
    } finally {
      await unmount(folder);
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** Replaces a file by another; either that is done, or the old one is there in one piece. Gives what is there. */
async function replace(world: World, person: Person, before: string, number: number): Promise<string> {
  const { figures, violate } = world.context;
  const next = `第${number}版 `.repeat(20_000);
  const body = new Uint8Array(encodeForm([{ filename: name, content: next }]));
  const answer = await person.fetch("/v1/files/upload", {
    method: "POST",
    headers: { "Content-Type": formType },
    body,
  });
  const text = await answer.text();
  figures.count(`uploads answered ${answer.status}`);
  if (answer.status !== 200 && !text.includes("disk_full"))
    violate(`an upload to a full disk was answered ${text}`);
  const read = await person.fetch(`/v1/files/download?path=${encodeURIComponent(name)}`);
  const found = read.status === 200 ? await read.text() : "";
  const expected = answer.status === 200 ? next : before;
  if (found !== expected)
    violate(`after an upload answered ${answer.status} the file is of ${found.length} characters`);
  return found;
}

async function mount(folder: string): Promise<void> {
  await run("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
}

async function unmount(folder: string): Promise<void> {
  await run("umount", ["-l", folder]);
}
