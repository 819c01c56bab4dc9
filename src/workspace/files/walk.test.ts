import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ApiError } from "../../protocol/error.ts";
import { openDirectory } from "../open-directory.ts";

const outsideText = "canary-外面";
const outsideName = "canary.txt";
let host: string;

beforeEach(async () => {
  host = await realpath(await mkdtemp(join(tmpdir(), "zcbot-路径-")));
  await mkdir(join(host, "外面/夹"), { recursive: true });
  await writeFile(join(host, "外面/文.txt"), outsideText);
  await writeFile(join(host, "外面/夹/文.txt"), outsideText);
  await writeFile(join(host, "外面", outsideName), outsideText);
  await writeFile(join(host, "外面/夹", outsideName), outsideText);
  await mkdir(join(host, "根/内/深"), { recursive: true });
  await writeFile(join(host, "根/文.txt"), "里面");
  await writeFile(join(host, "根/内/文.txt"), "里面");
});

afterEach(() => rm(host, { recursive: true }));

/** Some hundred ways to name what is outside, and some that only look so: every seventh of all combinations. */
function hostilePaths(): string[] {
  const ups = [
    "..",
    "../..",
    "内/../..",
    "内/深/../../..",
    "没有/../..",
    "./..",
    "链",
    "链/夹",
    "绝对",
    "圈/..",
    "上/上",
  ];
  const tails = [
    "",
    "/",
    "/.",
    "/外面",
    "/外面/文.txt",
    "/文.txt",
    "/夹/文.txt",
    "/夹/../文.txt",
    "/../外面/文.txt",
    "//外面///文.txt",
  ];
  const spellings = [
    (path: string) => path,
    (path: string) => `/${path}`,
    (path: string) => `\\${path}`,
    (path: string) => path.replaceAll("/", "\\"),
    (path: string) => path.replaceAll("..", "%2e%2e"),
    (path: string) => path.replaceAll("/", "%2f"),
    (path: string) => path.replaceAll("..", "%252e%252e"),
    (path: string) => path.replaceAll("..", "．．"),
    (path: string) => path.replaceAll("/", "∕"),
    (path: string) => path.replaceAll("..", "..;"),
    (path: string) => path.replaceAll("..", ".. "),
    (path: string) => path.replaceAll("..", "..\0"),
    (path: string) => path.replaceAll("..", "..."),
    (path: string) => `${path}\0.txt`,
    (path: string) => `C:\\${path}`,
    (path: string) => `//server/share/${path}`,
    (path: string) => `内/${path}`,
    (path: string) => `内/深/../${path}`,
    (path: string) => `${host}/${path}`,
    (path: string) => `file://${host}/${path}`,
    (path: string) => `~/${path}`,
    (path: string) => `${path}\uD800`,
  ];
  const combined = ups.flatMap((up) => tails.map((tail) => up + tail));
  return spellings.flatMap((spell) => combined.map(spell)).filter((_, index) => index % 7 === 0);
}

test("no spelling of a path reads, lists, writes or removes anything outside", async () => {
  await symlink("../外面", join(host, "根/链"));
  await symlink(join(host, "外面"), join(host, "根/绝对"));
  await symlink("圈", join(host, "根/圈"));
  await symlink("..", join(host, "根/内/上"));
  await symlink("内/上/上", join(host, "根/上"));
  const root = await openDirectory(join(host, "根"));
  const before = execFileSync("find", [join(host, "外面")], { encoding: "utf8" });
  const paths = hostilePaths();
  expect(paths.length).toBeGreaterThan(300);
  const errors: unknown[] = [];
  for (const path of paths) {
    const acts = [
      async () => expect((await root.readText(path, 1_000)).text).not.toBe(outsideText),
      async () => expect((await root.list(path)).map(({ name }) => name)).not.toContain(outsideName),
      async () => root.makeDirectory(`${path}/造`),
      async () => root.writeText(`${path}/写.txt`, "x"),
    ];
    for (const act of acts) {
      await act().catch((error) => {
        if (!(error instanceof ApiError) || error.code === "unavailable") errors.push([path, error]);
      });
    }
  }
  expect(errors).toEqual([]);
  expect(execFileSync("find", [join(host, "外面")], { encoding: "utf8" })).toBe(before);
  expect((await readdir(host)).sort()).toEqual(["外面", "根"].sort());
}, 60_000);

const attacker = `
  const { renameSync, rmSync } = require("node:fs");
  const { parentPort, workerData: [directory, real, link, flag] } = require("node:worker_threads");
  parentPort.postMessage("ready");
  // A write may make the directory anew while it is away.
  const move = (from, to) => {
    for (;;) {
      try { return renameSync(from, to); } catch {}
      try { rmSync(to, { recursive: true, force: true }); } catch {}
    }
  };
  let swaps = 0;
  while (Atomics.load(flag, 0) === 0) {
    move(directory, real); move(link, directory);
    move(directory, link); move(real, directory);
    swaps++;
  }
  parentPort.postMessage(swaps);
`;

test.each([
  { kind: "directory", swapped: "根/内", target: "../外面", file: "内/文.txt", folder: "内" },
  { kind: "file", swapped: "根/文.txt", target: "../外面/文.txt", file: "文.txt", folder: "内" },
])("a $kind swapped for a link while it is used never leads outside", async (swap) => {
  const { swapped, target, file, folder } = swap;
  const root = await openDirectory(join(host, "根"));
  await symlink(target, join(host, "根/换"));
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const places = [join(host, swapped), join(host, "根/真"), join(host, "根/换"), flag];
  const worker = new Worker(attacker, { eval: true, workerData: places });
  await new Promise((resolve) => worker.once("message", resolve));
  const outside = execFileSync("find", [join(host, "外面")], { encoding: "utf8" });
  const end = performance.now() + 1_500;
  const seen = { inside: 0, refused: 0 };
  for (let turn = 0; performance.now() < end; turn++) {
    const acts = [
      root.readText(file, 100).then(({ text }) => expect(text).toBe("里面")),
      root.list(folder).then((entries) => expect(entries.map(({ name }) => name)).not.toContain(outsideName)),
      root.writeText(`${folder}/写${turn % 9}.txt`, "x"),
      root.remove(`${folder}/夹/文.txt`),
      root.stat(file).then(({ size }) => expect(size).toBe(6)),
    ];
    for (const outcome of await Promise.allSettled(acts)) {
      if (outcome.status === "fulfilled") seen.inside++;
      else if (outcome.reason instanceof ApiError) seen.refused++;
      else throw outcome.reason;
    }
  }
  const swaps = new Promise<number>((resolve) => worker.once("message", resolve));
  Atomics.store(flag, 0, 1);
  expect(await swaps).toBeGreaterThan(100);
  await worker.terminate();
  expect(seen.inside).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
  expect(await readFile(join(host, "外面/文.txt"), "utf8")).toBe(outsideText);
  expect(execFileSync("find", [join(host, "外面")], { encoding: "utf8" })).toBe(outside);
});

test("a path with very many parts or links ends in a refusal, soon", async () => {
  const root = await openDirectory(join(host, "根"));
  const deep = "d/".repeat(900);
  await root.makeDirectory(deep);
  await expect(root.resolve(`${deep}${"../".repeat(400)}`)).rejects.toMatchObject({ code: "invalid_path" });
  await symlink("链1", join(host, "根/链0"));
  for (let index = 1; index < 60; index++) await symlink(`链${index + 1}`, join(host, `根/链${index}`));
  await expect(root.open("链0")).rejects.toMatchObject({ code: "invalid_path" });
});
