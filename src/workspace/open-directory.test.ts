import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Directory } from "./directory.ts";
import { openDirectory } from "./open-directory.ts";

let host: string;
let root: Directory;
let handles: number;

const openHandles = (): number => readdirSync("/proc/self/fd").length;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-目录-"));
  handles = openHandles();
  root = await openDirectory(join(host, "根"));
  await writeFile(join(host, "外面.txt"), "secret");
});

afterEach(async () => {
  expect(openHandles()).toBeLessThanOrEqual(handles);
  await rm(host, { recursive: true });
});

const inside = (path: string): string => join(host, "根", path);
const refusal = (code: string): object => ({ name: "ApiError", code });

test("what is written can be read, listed, moved and removed", async () => {
  await root.writeText("文件夹/说明.md", "你好\n");
  expect(await root.readText("文件夹/说明.md", 100)).toEqual({ text: "你好\n", version: expect.any(String) });
  expect(await root.stat("文件夹/说明.md")).toMatchObject({ name: "说明.md", isDirectory: false, size: 7 });
  expect(await root.list("")).toMatchObject([{ name: "文件夹", isDirectory: true }]);
  await root.move("文件夹/说明.md", "别处/新.md");
  await root.remove("文件夹");
  expect(await readFile(inside("别处/新.md"), "utf8")).toBe("你好\n");
  await expect(root.remove("别处")).rejects.toMatchObject(refusal("directory_not_empty"));
  await expect(root.stat("文件夹")).rejects.toMatchObject(refusal("path_not_found"));
});

test("links and '..' that stay inside are followed, also absolute ones", async () => {
  await root.writeText("甲/乙/文.txt", "文");
  await symlink("../甲/乙", inside("甲/绕"));
  await symlink(inside("甲"), inside("绝对"));
  await symlink("文.txt", inside("甲/乙/链"));
  for (const path of [
    "甲/绕/文.txt",
    "绝对/乙/链",
    "./甲//乙/../乙/文.txt",
    "甲/绕/../乙/文.txt",
    "没有/../甲/乙/链",
  ]) {
    expect(await root.resolve(path)).toBe("甲/乙/文.txt");
    expect((await root.readText(path, 10)).text).toBe("文");
  }
  await root.writeText("甲/乙/链", "新");
  expect(await readFile(inside("甲/乙/文.txt"), "utf8")).toBe("新");
  expect((await lstat(inside("甲/乙/链"))).isSymbolicLink()).toBe(true);
  await root.remove("甲/绕");
  expect(await readdir(inside("甲/乙"))).toEqual(expect.arrayContaining(["文.txt", "链"]));
});

test("a link that leads out, to nothing or in circles opens nothing and is not listed, but can be removed", async () => {
  const targets = [
    "../外面.txt",
    join(host, "外面.txt"),
    "..",
    "/etc/passwd",
    "圈",
    "没有",
    `${inside("")}../外面.txt`,
  ];
  for (const [index, target] of targets.entries()) await symlink(target, inside(`链${index}`));
  await symlink("圈", inside("圈"));
  for (const index of targets.keys()) {
    await expect(root.open(`链${index}`)).rejects.toMatchObject({ name: "ApiError" });
    if (targets[index] !== "没有") {
      await expect(root.writeText(`链${index}`, "x")).rejects.toMatchObject(refusal("invalid_path"));
      await expect(root.makeDirectory(`链${index}/x`)).rejects.toMatchObject(refusal("invalid_path"));
    }
  }
  expect(await root.list("")).toEqual([]);
  for (const index of targets.keys()) await root.remove(`链${index}`);
  expect(await readFile(join(host, "外面.txt"), "utf8")).toBe("secret");
});

test.each(["任务", "任务/子"])(
  "the subdirectory %s is a tree of its own that nothing leaves",
  async (path) => {
    await root.writeText("别人/秘密.txt", "secret");
    const task = await root.subdirectory(path);
    expect(task.hostPath).toBe(inside(path));
    await task.writeText("文.txt", "文");
    const refusesAll = async (): Promise<void> => {
      const acts = [task.readText("秘密.txt", 10), task.list(""), task.writeText("新", "x")];
      for (const outcome of await Promise.allSettled(acts)) {
        expect(outcome).toMatchObject({ status: "rejected", reason: refusal("invalid_path") });
      }
    };
    const up = path.split("/").fill("..").join("/");
    await symlink(`${up}/别人`, inside(`${path}/链`));
    for (const out of ["..", `${up}/别人/秘密.txt`, "链/秘密.txt", `没有/../${up}/别人/秘密.txt`]) {
      await expect(task.open(out)).rejects.toMatchObject(refusal("invalid_path"));
    }
    await root.move(path, "原来");
    for (const gone of ["", "文.txt", "../别人/秘密.txt", `${up}/别人/秘密.txt`]) {
      await expect(task.readText(gone, 10)).rejects.toMatchObject({ name: "ApiError" });
    }
    await symlink(inside("别人"), inside(path));
    await refusesAll();
    await root.remove(path);
    await symlink(path === "任务" ? "别人" : "../别人", inside(path));
    await refusesAll();
    expect(await readdir(inside("别人"))).toEqual(["秘密.txt"]);
  },
);

test("FIFOs, devices, sockets and directories are no files, and nothing waits for them", async () => {
  await root.makeDirectory("夹");
  for (const name of ["管1", "管2", "管3", "管4", "管5"]) execFileSync("mkfifo", [inside(name)]);
  const server = createServer().listen(inside("套接字"));
  const names = ["管1", "管2", "管3", "管4", "管5", "套接字", "夹", ""];
  if (process.getuid?.() === 0) {
    execFileSync("mknod", [inside("设备"), "c", "1", "5"]);
    names.push("设备");
  }
  const refused = await Promise.allSettled(
    names.flatMap((name) => [root.open(name), root.readText(name, 10), root.writeText(name, "x")]),
  );
  for (const outcome of refused) {
    expect(outcome).toMatchObject({ status: "rejected", reason: refusal("not_a_file") });
  }
  expect((await root.list("")).map(({ name }) => name).sort()).toEqual(names.filter((name) => name).sort());
  await root.remove("管1");
  await new Promise((resolve) => server.close(resolve));
});

test("odd names survive: 255 bytes, newlines, quotes, right-to-left, backslashes, dashes, undecodable bytes", async () => {
  const names = [
    "长".repeat(85),
    "换\n行",
    `引"'号`,
    "\u202Etxt.exe",
    "-rf",
    "反\\斜",
    "e\u0301",
    "é",
    " ",
    "...",
  ];
  for (const name of names) await root.writeText(name, name);
  execFileSync("bash", ["-c", "printf x > $'\\xff\\xfe.txt'"], { cwd: inside("") });
  const listed = (await root.list("")).map(({ name }) => name);
  expect(listed.sort()).toEqual([...names, "\uEFFF\uEFFE.txt"].sort());
  for (const name of names) {
    expect((await root.readText(name, 255)).text).toBe(name);
    await root.remove(name);
  }
});

test("a name of bytes that are no UTF-8 is read, written over, moved, entered, linked to and removed", async () => {
  const script =
    "mkdir $'\\xff夹' $'\\xee\\xbe\\x80'; printf x > $'\\xff夹/\\xe6\\xb0.txt'; ln -s $'\\xff夹' 链; ln -s $'\\xfe' $'\\xfd'";
  execFileSync("bash", ["-c", script], { cwd: inside("") });
  const folder = "\uEFFF夹";
  // U+EF80 itself, as a name on the disk, is no spelling of the byte 0x80.
  const own = "\uEFEE\uEFBE\uEF80";
  expect((await root.list("")).map(({ name }) => name).sort()).toEqual([folder, own, "链"].sort());
  const file = `${folder}/\uEFE6\uEFB0.txt`;
  expect(await root.resolve("链/\uEFE6\uEFB0.txt")).toBe(file);
  expect((await root.readText(file, 10)).text).toBe("x");
  await root.writeText(file, "新");
  await root.move(file, `${folder}/\uEF80`);
  expect((await (await root.subdirectory(folder)).readText("\uEF80", 10)).text).toBe("新");
  expect(execFileSync("bash", ["-c", "cat $'\\xff夹/\\x80'"], { cwd: inside("") }).toString()).toBe("新");
  for (const path of [`${folder}/\uEF80`, folder, own, "链", "\uEFFD"]) await root.remove(path);
  expect(await root.list("")).toEqual([]);
  // 255 bytes, spelled with 255 characters of three bytes each.
  await root.writeText("\uEFFF".repeat(255), "");
  await expect(root.writeText("\uEFFF".repeat(256), "")).rejects.toMatchObject(refusal("name_too_long"));
  // The escaped bytes of 你: a second spelling of a name is none.
  await expect(root.writeText("\uEFE4\uEFBD\uEFA0", "")).rejects.toMatchObject(refusal("invalid_path"));
});

test("a directory is listed page by page, folders and links to them first, then by name without case", async () => {
  const names = Array.from({ length: 3_000 }, (_, index) => `文${String(index).padStart(4, "0")}`);
  await mkdir(inside("多/zz夹"), { recursive: true });
  for (const name of names) await writeFile(inside(`多/${name}`), "");
  await writeFile(inside("多/B"), "");
  await writeFile(inside("多/a"), "");
  await writeFile(inside("多/.藏"), "");
  await symlink("zz夹", inside("多/链"));
  await symlink("../../外面.txt", inside("多/外"));
  const all = ["zz夹", "链", "a", "B", ...names];
  const shown: string[] = [];
  for (let start = 0; start < 4_000; start += 900) {
    const { entries, count } = await root.listPage("多", { start, size: 900, hidden: false });
    expect([entries.length, count]).toEqual([Math.min(900, Math.max(0, all.length - start)), all.length]);
    shown.push(...entries.map(({ name }) => name));
  }
  expect(shown).toEqual(all);
  const { entries } = await root.listPage("多", { start: 2, size: 2, hidden: true });
  expect(entries.map(({ name, isDirectory }) => [name, isDirectory])).toEqual([
    [".藏", false],
    ["a", false],
  ]);
});

test("names and paths that no disk holds are refused as too long", async () => {
  for (const path of ["长".repeat(86), `夹/${"x".repeat(256)}/文`, "x/".repeat(2100)]) {
    await expect(root.writeText(path, "")).rejects.toMatchObject(refusal("name_too_long"));
    await expect(root.open(path)).rejects.toMatchObject(refusal("name_too_long"));
  }
  expect(await root.list("")).toEqual([]);
});

test("a part that is a file refuses what would be made below it, and has nothing below it", async () => {
  await root.writeText("文.txt", "文");
  const acts = [root.writeText("文.txt/新", ""), root.makeDirectory("文.txt"), root.list("文.txt")];
  for (const outcome of await Promise.allSettled([...acts, root.subdirectory("文.txt/子")])) {
    expect(outcome).toMatchObject({ status: "rejected", reason: refusal("not_a_directory") });
  }
  await expect(root.open("文.txt/下")).rejects.toMatchObject(refusal("path_not_found"));
});

test("the root itself is neither removed, replaced nor moved", async () => {
  await root.makeDirectory("夹");
  for (const path of ["", ".", "夹/..", "./"]) {
    await expect(root.remove(path)).rejects.toMatchObject(refusal("root_not_deletable"));
    await expect(root.writeText(path, "x")).rejects.toMatchObject(refusal("not_a_file"));
    await expect(root.move(path, "新")).rejects.toMatchObject(refusal("invalid_path"));
  }
});

test("text is read only up to a limit, and only if it is UTF-8; a sparse file takes no memory", async () => {
  await root.writeText("大", "x".repeat(11));
  await expect(root.readText("大", 10)).rejects.toMatchObject(refusal("not_a_file"));
  expect((await root.readText("大", 11)).text).toHaveLength(11);
  await truncate(inside("大"), 2 ** 40);
  await expect(root.readText("大", 2 ** 20)).rejects.toMatchObject(refusal("not_a_file"));
  expect((await root.stat("大")).size).toBe(2 ** 40);
  await writeFile(inside("乱"), Buffer.from([0xff, 0xfe]));
  await expect(root.readText("乱", 10)).rejects.toMatchObject(refusal("not_a_file"));
  await root.writeText("标记", "\uFEFF文");
  expect((await root.readText("标记", 10)).text).toBe("\uFEFF文");
});

test("a file appears under its name only when it is complete, and keeps the mode of the one it replaces", async () => {
  await root.writeText("脚本.sh", "旧");
  await chmod(inside("脚本.sh"), 0o750);
  const file = await root.create("脚本.sh");
  await file.write(Buffer.from("新"));
  expect(await readFile(inside("脚本.sh"), "utf8")).toBe("旧");
  expect(await file.commit()).toBe(3);
  await file.discard();
  expect(await readFile(inside("脚本.sh"), "utf8")).toBe("新");
  expect((await stat(inside("脚本.sh"))).mode & 0o777).toBe(0o750);
  expect(await readdir(inside(""))).toEqual(["脚本.sh"]);
});

test("a file that is given up, or cannot get its name, leaves nothing behind", async () => {
  const given = await root.create("夹/一.txt");
  await given.write(Buffer.from("一"));
  await given.discard();
  await given.discard();
  const late = await root.create("夹/二.txt");
  await mkdir(inside("夹/二.txt"));
  await writeFile(inside("夹/二.txt/里"), "");
  await expect(late.commit()).rejects.toMatchObject({ name: "ApiError" });
  expect(await readdir(inside("夹"))).toEqual(["二.txt"]);
});

test("a full disk is said to be full, and the file that was there is kept", async ({ skip }) => {
  const mounted = join(host, "小盘");
  await mkdir(mounted);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", mounted], { stdio: "ignore" });
  } catch {
    skip();
  }
  try {
    const small = await openDirectory(mounted);
    await small.writeText("文.txt", "旧");
    await expect(small.writeText("文.txt", "x".repeat(100_000))).rejects.toMatchObject(refusal("disk_full"));
    expect((await small.readText("文.txt", 10)).text).toBe("旧");
    expect(await readdir(mounted)).toEqual(["文.txt"]);
  } finally {
    execFileSync("umount", [mounted]);
  }
});

test("a version changes with the content, and with nothing else", async () => {
  await root.writeText("文.txt", "一");
  const { version } = await root.readText("文.txt", 10);
  expect((await root.readText("文.txt", 10)).version).toBe(version);
  await root.writeText("文.txt", "二");
  expect((await root.readText("文.txt", 10)).version).not.toBe(version);
  expect(readFileSync(inside("文.txt"), "utf8")).toBe("二");
});
