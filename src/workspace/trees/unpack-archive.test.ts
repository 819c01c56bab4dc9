import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeZip, type ZipEntry } from "../../../test/support/write-zip.ts";
import { openDirectory } from "../open-directory.ts";
import { removeTree } from "./remove-tree.ts";
import { unpackArchive } from "./unpack-archive.ts";

let host: string;
beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-包-"));
});
afterEach(() => rm(host, { recursive: true }));

/** Unpacks an archive and gives the paths that are there then, sorted. */
async function unpack(archive: Uint8Array, limits = { files: 10, bytes: 10_000 }): Promise<string[]> {
  await writeFile(join(host, "包.zip"), archive);
  const handle = await open(join(host, "包.zip"));
  try {
    await unpackArchive(handle, await openDirectory(join(host, "里")), limits);
  } finally {
    await handle.close();
  }
  const found = await readdir(join(host, "里"), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(host, "里").length + 1))
    .sort();
}

const code = (entries: ZipEntry[], limits?: { files: number; bytes: number }) =>
  expect(unpack(writeZip(entries), limits)).rejects;

test("files come out under their paths, without a folder that holds them all, and without litter", async () => {
  const files = [
    { name: "技能/SKILL.md", content: "做法" },
    { name: "技能/scripts/", mode: 0o040755 },
    { name: "技能/scripts/算.py", content: "print(1)", mode: 0o100755 },
    { name: "__MACOSX/技能/._SKILL.md", content: "x" },
    { name: "技能/.DS_Store", content: "x" },
  ];
  expect(await unpack(writeZip(files))).toEqual(["SKILL.md", "scripts/算.py"]);
  expect(await readFile(join(host, "里/SKILL.md"), "utf8")).toBe("做法");
});

test("Chinese names are read as UTF-8 or GBK, and backslashes part folders", async () => {
  // What Windows writes: 说明.md in GBK, without a flag.
  const gbk = Uint8Array.from([0xcb, 0xb5, 0xc3, 0xf7, 0x2e, 0x6d, 0x64]);
  const entries = [{ name: gbk }, { name: Buffer.from("表.md") }, { name: "脚本\\算.py" }];
  expect(await unpack(writeZip(entries))).toEqual(["脚本/算.py", "表.md", "说明.md"].sort());
});

test.each([
  "../外.txt",
  "a/../../外.txt",
  "/外.txt",
  "a/./b",
  "..\\外.txt",
  "C:\\外.txt",
  "a\u0000b",
  "a//b",
])("a path such as %j is refused, and nothing is written", async (name) => {
  await code([{ name: "好.txt", content: "x" }, { name }]).toMatchObject({ code: "invalid_archive" });
  expect(await readdir(host)).not.toContain("外.txt");
  expect(await readdir(join(host, "里"))).toEqual([]);
});

test("links, devices, encrypted files and unknown packings are refused", async () => {
  for (const entry of [
    { name: "链", content: "/etc/passwd", mode: 0o120777 },
    { name: "管", mode: 0o010644 },
    { name: "密", content: "x", flags: 1 },
    { name: "怪", content: "x", method: 12 },
  ]) {
    await code([entry]).toMatchObject({ code: "invalid_archive" });
  }
  const twice = [
    { name: "同.txt", content: "一" },
    { name: "同.txt", content: "二" },
  ];
  await code(twice).toMatchObject({ code: "invalid_archive" });
});

test("bombs are refused: by what they say, by what they hold, and by how many there are", async () => {
  const bomb = Buffer.alloc(1_000_000);
  await code([{ name: "弹", content: bomb }]).toMatchObject({ code: "too_large" });
  // One that says less than it holds ends where it has said.
  await code([{ name: "弹", content: bomb, claimedSize: 10 }]).toMatchObject({ code: "invalid_archive" });
  expect(await readdir(join(host, "里"))).toEqual([]);
  const many = Array.from({ length: 11 }, (_, index) => ({ name: `${index}`, content: "" }));
  await code(many).toMatchObject({ code: "too_large" });
});

test("what is no archive, or a damaged one, is refused", async () => {
  const whole = writeZip([{ name: "好.txt", content: "字".repeat(500) }]);
  for (const bytes of [Buffer.from("不是"), Buffer.alloc(0), whole.subarray(0, 60)])
    await expect(unpack(bytes)).rejects.toMatchObject({ code: "invalid_archive" });
  whole.fill(0xff, 40, 60);
  await expect(unpack(whole)).rejects.toMatchObject({ code: "invalid_archive" });
});

test("a file where a folder is needed is told, not crashed on", async () => {
  const entries = [
    { name: "a", content: "x" },
    { name: "a/b", content: "x" },
  ];
  await code(entries).toMatchObject({ code: expect.stringMatching(/not_a_/) });
});

test("a tree is removed without what its links lead to", async () => {
  await mkdir(join(host, "树/枝"), { recursive: true });
  await mkdir(join(host, "留"));
  await writeFile(join(host, "留/叶.txt"), "叶");
  await symlink("../../留", join(host, "树/枝/链"));
  const directory = await openDirectory(host);
  await removeTree(directory, "树");
  await removeTree(directory, "没有");
  expect(await readdir(host)).toEqual(["留"]);
  expect(await readdir(join(host, "留"))).toEqual(["叶.txt"]);
});
