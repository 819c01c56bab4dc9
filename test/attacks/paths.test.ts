import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { api } from "../../src/protocol/api.ts";
import { startTestServer, type TestServer, type TestUser } from "../support/server.ts";
import { effort } from "./effort.ts";
import { type Outside, plantOutside } from "./outside.ts";
import { makePathCases, type PathCase } from "./paths/corpus.ts";
import { type Door, openDoors } from "./paths/doors.ts";
import { type OwnTree, plantTree } from "./paths/links.ts";
import { createPuppet, type Puppet, type ToolDoor, toolDoors } from "./paths/tool-doors.ts";
import { each, sample } from "./sample.ts";

/** Of the corpus in `npm test`, for doors that answer at once and for those that start a program. */
const shortPass = { quick: 40, slow: 12 };
const callsOfOneStep = 40;

let server: TestServer;
let attacker: TestUser;
let outside: Outside;
let tree: OwnTree;
let cases: PathCase[];
let puppet: Puppet;
let doors: Map<string, Door>;

beforeAll(async () => {
  server = await startTestServer();
  attacker = await server.createUser();
  const victim = await server.createUser();
  const users = join(server.dataDir, "workspace", "users");
  outside = await plantOutside(server, attacker, victim);
  const { temporary } = outside;
  tree = {
    root: join(users, attacker.userId),
    task: "任务",
    victim: join(users, victim.userId),
    temporary,
  };
  await writeFile(join(temporary, "hard.txt"), "its owner may read it\n");
  await plantTree(tree);
  puppet = await createPuppet(server, attacker, tree.task);
  doors = new Map(openDoors(server, attacker, puppet.taskId).map((door) => [door.name, door] as const));
  await outside.settle();
  cases = makePathCases(tree, outside.targets);
});
afterAll(async () => {
  await plantTree(tree);
  await server.close();
  await outside.remove();
});

beforeEach(() => plantTree(tree));
afterEach(async () => {
  expect(await outside.changes()).toEqual([]);
});

/** The part of the corpus that this door is tried with. */
function choose({ changes }: Pick<Door, "changes">, count: number): readonly PathCase[] {
  return sample(changes ? cases.filter(({ planted }) => planted) : cases, count);
}

function show(path: string): string {
  return JSON.stringify(path).slice(0, 200);
}

test("there are 2,000 paths that should lead nowhere", () => {
  expect(cases.length).toBeGreaterThan(2_000);
});

test("every parameter that names a place on the disk has a door here", () => {
  const named = /^(path|paths|from|to|source|target|files|working_dir|name|directory|folder|attachments)$/;
  const parameters = Object.entries(api).flatMap(([endpoint, row]) =>
    (["query", "body", "upload"] as const).flatMap((part) => {
      const { [part]: schema } = row as Partial<Record<typeof part, { shape: object }>>;
      return (
        Object.keys(schema?.shape ?? {})
          .filter((key) => named.test(key))
          .map((key) => `${endpoint}.${key}`)
          // These are days.
          .filter((parameter) => !/^readUsage\.(from|to)$/.test(parameter))
      );
    }),
  );
  const covered = new Set([...doors.values()].map(({ covers }) => covers as string));
  expect(parameters.filter((parameter) => !covered.has(parameter))).toEqual([]);
});

const doorNames = [
  "list",
  "list, escapes as they stand",
  "download",
  "download, escapes as they stand",
  "show",
  "show, escapes as they stand",
  "upload to a path",
  "upload under a name",
  "upload under an extended name",
  "delete",
  "an attachment",
  "a task's directory",
  "a task's name",
  "a task's new name",
  "a fork's name",
  "tasks of a directory",
  "a task's skill",
  "a skill's name",
  "a skill that is uploaded",
  "a file in a skill's archive",
  "a skill that is deleted",
  "a file of memory",
  "a version of memory",
  "memory that is written",
  "memory that is deleted",
  "the pages",
  "the reference",
];

describe("no path in a request leads out of the user's folder", () => {
  test("the doors are these", () => {
    expect([...doors.keys()]).toEqual(doorNames);
  });

  test.for(doorNames)("%s", { timeout: 600_000 }, async (name) => {
    const door = doors.get(name);
    if (!door) throw new Error(`there is no door ${name}`);
    const escapes: string[] = [];
    const chosen = choose(door, shortPass.quick);
    await each(chosen, 8, async ({ path }) => {
      const { status, text } = await door.knock(path);
      const found = outside.findIn(text);
      if (found !== undefined) escapes.push(`${show(path)} answers ${found}`);
      // 503: the pages are not built. 429: nothing was tried.
      if (!(status < 500 || status === 503) || status === 429)
        escapes.push(`${show(path)} is answered ${status}`);
    });
    expect(escapes).toEqual([]);
    if (effort.isLong) console.log(`${name}: ${chosen.length} paths`);
  });
});

describe("no path that a model gives a tool leads out of the task's directory", () => {
  test.for(toolDoors)("$name", { timeout: 1_200_000 }, async (door: ToolDoor) => {
    const escapes: string[] = [];
    const chosen = choose(door, door.starts ? shortPass.slow : shortPass.quick);
    for (let from = 0; from < chosen.length; from += callsOfOneStep) {
      const paths = chosen.slice(from, from + callsOfOneStep).map(({ path }) => path);
      const { results, system } = await puppet.call(paths.map((path) => [door.tool, door.input(path)]));
      for (const [index, result] of results.entries()) {
        const found = result === "" ? "nothing at all" : outside.findIn(result);
        if (found !== undefined) escapes.push(`${show(paths[index] ?? "")} answers ${found}`);
      }
      // The memory's files are links to the outside.
      if (outside.findIn(system)) escapes.push("the prompt holds what is outside");
    }
    expect(escapes).toEqual([]);
    if (effort.isLong) console.log(`${door.name}: ${chosen.length} paths`);
  });
});
