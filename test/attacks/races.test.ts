import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer, type TestUser } from "../support/server.ts";
import { effort } from "./effort.ts";
import { findLevels } from "./levels.ts";
import { type Outside, plantedName, plantOutside } from "./outside.ts";
import { openDoors } from "./paths/doors.ts";
import { createPuppet, type Puppet, toolDoors } from "./paths/tool-doors.ts";
import { plantOwn, startSwapping } from "./races/swapper.ts";

let server: TestServer;
let attacker: TestUser;
let outside: Outside;
/** The attacker's root on the host, and the folder of another user that links lead to. */
let root: string;
let theirs: string;
let puppet: Puppet;
/** Of a task whose directory itself is swapped. */
let uprooted: Puppet;

beforeAll(async () => {
  // Without a sandbox commands read anything anyhow.
  const [level = "external"] = await findLevels();
  server = await startTestServer({ sandbox: level });
  attacker = await server.createUser();
  const victim = await server.createUser();
  const users = join(server.dataDir, "workspace", "users");
  root = join(users, attacker.userId);
  theirs = join(users, victim.userId, "机密目录");
  outside = await plantOutside(server, attacker, victim);
  await mkdir(join(theirs, "sub"));
  const [{ path = "" } = {}] = outside.targets;
  await writeFile(join(theirs, "sub", "canary.txt"), outside.canary);
  await writeFile(join(theirs, "memory.md"), outside.canary);
  expect(path.startsWith(theirs)).toBe(true);
  puppet = await createPuppet(server, attacker, "任务");
  uprooted = await createPuppet(server, attacker, "换任务");
  await plantOwn(join(root, "任务"));
  await outside.settle();
});
afterAll(async () => {
  await server.close();
  await outside.remove();
});

const paths = [
  "换",
  "换/canary.txt",
  "换/own.txt",
  "换/sub",
  "换/sub/canary.txt",
  "换/../换/sub/../canary.txt",
  `换/${plantedName}`,
  `换/${plantedName}/deep`,
  "换.txt",
];

/** Knocks for the race's time, while all of these are swapped. */
async function race(knock: () => Promise<number>): Promise<void> {
  const folders = ["换", "任务/换", "换任务", ".memory"];
  const swapper = await startSwapping([
    ...folders.map((name) => ({ path: join(root, name), kind: "folder" as const, outside: theirs })),
    ...["换.txt", "任务/换.txt"].map((name) => ({
      path: join(root, name),
      kind: "file" as const,
      outside: join(theirs, "canary.txt"),
    })),
  ]);
  let knocks = 0;
  try {
    const end = performance.now() + effort.raceMs;
    while (performance.now() < end) knocks += await knock();
  } finally {
    const swaps = await swapper.stop();
    if (effort.isLong) console.log(`${knocks} knocks, ${swaps} swaps`);
    expect(swaps).toBeGreaterThan(100);
  }
}

/** What may be removed without ending the race: things below what is swapped. */
const removable = (path: string) => /^换\/(canary|own)\.txt$|deep$/.test(path);

test("no request leads outside by what is swapped under its hands", { timeout: 180_000 }, async () => {
  const doors = openDoors(server, attacker, puppet.taskId).filter(({ covers }) =>
    /^(listFiles|downloadFile|rawFile|uploadFiles|deleteFile)\./.test(covers ?? ""),
  );
  const escapes = new Set<string>();
  await race(async () => {
    const knocks = doors.flatMap((door) =>
      paths
        .filter((path) => door.name !== "delete" || removable(path))
        .map(async (path) => {
          const { text, status } = await door.knock(path);
          const found = outside.findIn(text);
          if (found !== undefined) escapes.add(`${door.name} of ${path} answers ${found}`);
          if (status >= 500) escapes.add(`${door.name} of ${path} is answered ${status}`);
        }),
    );
    await Promise.all(knocks);
    return knocks.length;
  });
  expect([...escapes].join("\n")).toBe("");
  expect(await outside.changes()).toEqual([]);
});

test.for([
  ["the tools for files", false],
  ["the tools that search", true],
] as const)(
  "%s lead nowhere by what is swapped under their hands",
  { timeout: 180_000 },
  async ([, starts]) => {
    const chosen = toolDoors.filter((door) => door.starts === starts && !door.name.includes("pattern"));
    const escapes = new Set<string>();
    const knock = async (model: Puppet, places: string[]): Promise<number> => {
      const calls = chosen.flatMap((door) => places.map((path) => [door.tool, door.input(path)] as const));
      const { results, system } = await model.call(calls.map(([tool, input]) => [tool, input]));
      for (const [index, result] of results.entries()) {
        const found = outside.findIn(result);
        if (found !== undefined) escapes.add(`${JSON.stringify(calls[index])} answers ${found}`);
      }
      if (outside.findIn(system)) escapes.add("the prompt holds what is outside");
      return calls.length;
    };
    await race(async () => {
      const below = ["", "canary.txt", "sub", "sub/canary.txt", plantedName];
      // What is searched is mounted by its path: but only the server makes names beside the tasks' directories.
      return (await knock(puppet, paths)) + (starts ? 0 : await knock(uprooted, below));
    });
    expect([...escapes].join("\n")).toBe("");
    expect(await outside.changes()).toEqual([]);
  },
);
