import { basename, dirname, join } from "node:path";
import { createRandom, type Random } from "../../chaos/random.ts";
import { plantedName, routeFrom, type Target } from "../outside.ts";
import { linkNames, type OwnTree } from "./links.ts";
import { absoluteForms, dotSpellings, slashSpellings } from "./spellings.ts";

/** A path that should lead nowhere. */
export interface PathCase {
  path: string;
  /** Whether all it could reach was planted, so that it may also be written to and removed. */
  planted: boolean;
}

const seed = "paths";

/** Every way we know to leave a folder by a path. The same for the same tree and targets. */
export function makePathCases(tree: OwnTree, targets: Target[]): PathCase[] {
  const random = createRandom(seed);
  const cases = [
    ...traversals(tree, targets),
    ...absolutes(tree, targets),
    ...throughLinks(tree),
    ...thereAndBack(tree, targets, random),
    ...odd(tree, targets),
  ];
  return [...new Map(cases.map((each) => [each.path, each])).values()];
}

/** Every spelling of `..` with plain slashes, every slash with plain dots, and some of both, to each target. */
function traversals({ root, task }: OwnTree, targets: Target[]): PathCase[] {
  const pairs = [
    ...dotSpellings.map((dots) => [dots, "/"]),
    ...slashSpellings.map((slash) => ["..", slash]),
    ...dotSpellings.slice(1, 12).map((dots, index) => [dots, slashSpellings[index + 1] ?? "/"]),
  ] as [string, string][];
  return targets.flatMap((target) =>
    pairs.flatMap(([dots, slash]) =>
      [root, join(root, task)].map((folder) => ({
        path: routeFrom(folder, target)
          .split("/")
          .map((part) => (part === ".." ? dots : part))
          .join(slash),
        planted: target.planted,
      })),
    ),
  );
}

function absolutes({ root, task }: OwnTree, targets: Target[]): PathCase[] {
  return targets.flatMap((target) => [
    ...absoluteForms.map((form) => ({ path: form.replace("*", target.path), planted: target.planted })),
    // Tools take the absolute path of the task's own directory for what it is.
    ...[root, join(root, task)].flatMap((own) =>
      [
        `${own}/${routeFrom(own, target)}`,
        `${own}/./${routeFrom(own, target)}`,
        `${own}//${target.path}`,
        `${own}/sub/../${routeFrom(own, target)}`,
        `${own}x/../${basename(own)}/${routeFrom(own, target)}`,
        `${own}/%2e%2e/${routeFrom(dirname(own), target)}`,
      ].map((path) => ({ path, planted: target.planted })),
    ),
  ]);
}

function throughLinks({ victim }: OwnTree): PathCase[] {
  const behind = [
    "",
    "/",
    "/.",
    "/..",
    "/../canary.txt",
    "/canary.txt",
    "/./canary.txt/",
    `/${plantedName}.txt`,
    `/${plantedName}/deep/file.txt`,
    `/${basename(victim)}/机密目录/canary.txt`,
    "/to-users/canary.txt",
    "/../../canary.txt",
  ];
  const before = ["", "sub/../", "to-self/"];
  const names = [...linkNames, "hop-0", "hop-20", "sub/chain-3", "hard.txt"];
  return names.flatMap((name) =>
    before.flatMap((prefix) =>
      behind.map((suffix) => ({
        path: `${prefix}${name}${suffix}`,
        // Through these, things that nobody planted are reached.
        planted:
          !/host|proc|device|dots|missing|through|parent|descriptor|hop|chain|line|encoded|backslash/.test(
            name,
          ),
      })),
    ),
  );
}

/** Paths that go in and out at random before they leave. */
function thereAndBack({ root, task }: OwnTree, targets: Target[], random: Random): PathCase[] {
  const steps = [
    ["sub", ".."],
    [".", "."],
    ["missing", ".."],
    ["to-self"],
    ["sub", "深", "..", ".."],
    ["", ""],
    ["own.txt", ".."],
    ["to-self", "sub", ".."],
  ];
  return Array.from({ length: 500 }, () => {
    const target = random.pick(targets);
    const route = routeFrom(random.chance(0.5) ? root : join(root, task), target).split("/");
    const parts = Array.from({ length: random.whole(1, 8) }, () => random.pick(steps)).flat();
    const ups = route.filter((part) => part === "..").length;
    const at = random.whole(0, ups);
    const more = random.chance(0.3) ? Array.from({ length: random.whole(1, 30) }, () => "..") : [];
    const path = [...route.slice(0, at), ...parts, ...more, ...route.slice(at)].join("/");
    return { path: path.replace(/^\/+/, ""), planted: target.planted && more.length === 0 };
  });
}

/** Names that a disk, a header or a text may stumble over, alone and on the way out. */
function odd({ root, task }: OwnTree, targets: Target[]): PathCase[] {
  const names = [
    ".",
    "..",
    "...",
    " ",
    "\u0000",
    "own.txt\u0000.md",
    "own.txt.",
    "own.txt ",
    "own.txt::$DATA",
    "CON",
    "aux.txt",
    "-rf",
    "--ignore-file=/etc/passwd",
    "--pre=cat",
    "*",
    "?",
    "[a-z]*",
    "{own,../own}.txt",
    "!own.txt",
    "a\nb",
    "a\r\nSet-Cookie: x=1",
    "a\u001b[2Jb",
    "\u202etxt.exe",
    "\u2028",
    "\ud800",
    "é",
    "e\u0301",
    "水".repeat(85),
    "水".repeat(86),
    "x".repeat(255),
    "x".repeat(256),
    "x/".repeat(2_047),
    "x/".repeat(5_000),
    "../".repeat(5_000),
    "sub/../".repeat(3_000),
    ".memory/one.md",
    ".memory/folder/canary.txt",
    ".zcbot-upload-00000000-0000-4000-8000-000000000000",
    ".zcbot-upload-00000000-0000-4000-8000-000000000000/../../canary.txt",
    ".zcbot-00000000-0000-4000-8000-000000000000.tmp",
    "hard.txt",
    "https://example.invalid/x",
    "\\\\attacker.invalid\\share\\x",
  ];
  const first = targets.slice(0, 3);
  return [
    ...names.map((path) => ({ path, planted: true })),
    ...names.flatMap((name) =>
      first.map((target) => ({
        path: `${name}/../${routeFrom(join(root, task), target)}`,
        planted: true,
      })),
    ),
  ];
}
