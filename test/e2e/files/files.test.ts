import { execFileSync } from "node:child_process";
import { link, lstat, mkdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listFiles } from "../../support/api/multipart.ts";
import { ask } from "../../support/api/request.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let root: string;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
  root = join(server.dataDir, "workspace/users", user.userId);
  await plant();
});
afterAll(() => server.close());

async function plant(): Promise<void> {
  await mkdir(join(root, "报告/二〇二六/空"), { recursive: true });
  await mkdir(join(root, "b目录"));
  await mkdir(join(root, "A目录"));
  await mkdir(join(root, ".memory"));
  await writeFile(join(root, "报告/水泥 第一章.md"), "# 水泥");
  await writeFile(join(root, ".memory/隐藏.txt"), "隐藏");
  await writeFile(join(root, "c.txt"), "0123456789");
  await writeFile(join(root, "B.txt"), "");
  await writeFile(join(root, "a.txt"), "甲");
  await utimes(
    join(root, "c.txt"),
    new Date("2026-11-22T09:30:00.123Z"),
    new Date("2026-11-22T09:30:00.123Z"),
  );
  await writeFile(join(server.dataDir, "外面.txt"), "机密");
  await mkdir(join(server.dataDir, "workspace/users", `${user.userId}0`));
  await writeFile(join(server.dataDir, "workspace/users", `${user.userId}0`, "邻居.txt"), "机密");
  await symlink("报告/水泥 第一章.md", join(root, "里面的链接"));
  await symlink("报告", join(root, "目录的链接"));
  await symlink("../../../外面.txt", join(root, "外面的链接"));
  await symlink(server.dataDir, join(root, "外面的目录"));
  await symlink("/etc/hostname", join(root, "绝对的链接"));
  await symlink("自己", join(root, "自己"));
  await symlink("没有", join(root, "悬空的链接"));
  execFileSync("mkfifo", [join(root, "管道")]);
}

const get = (route: string, path: string) =>
  ask<string>(user, "GET", `/v1/files${route}?path=${encodeURIComponent(path)}`);
const remove = (path: string) =>
  ask<{ ok: boolean; path: string }>(user, "POST", "/v1/files/delete", { path });

/** Paths that the contract refuses, whatever is asked of them. */
const refused: [string, () => string][] = [
  ["an absolute path", () => "/etc/passwd"],
  ["the root of the machine", () => "/"],
  ["the own root, absolutely", () => root],
  ["a leading backslash", () => "\\etc"],
  ["two leading backslashes", () => "\\\\server\\share"],
  ["out by ..", () => "../外面.txt"],
  ["far out", () => "../".repeat(40)],
  ["just ..", () => ".."],
  ["to the neighbour whose id begins the same", () => `../${user.userId}0/邻居.txt`],
  ["in and out", () => "报告/../../邻居.txt"],
  ["out and in again", () => `../${user.userId}/a.txt`],
  ["out behind what is missing", () => "没有/../../x"],
  ["through a link to the outside", () => "外面的链接"],
  ["through a linked directory outside", () => "外面的目录/外面.txt"],
  ["through an absolute link", () => "绝对的链接"],
  ["a NUL", () => "a\0b"],
  ["a NUL behind a good name", () => "a.txt\0"],
];

describe("a path that leads out gets 400", () => {
  test.each(refused)("%s", async (_name, path) => {
    const answers = [await get("", path()), await get("/download", path())];
    for (const { status, text } of answers) {
      expect(status).toBe(400);
      expect(text).not.toContain("机密");
      expect(text).not.toContain(server.dataDir);
    }
    // A link is removed itself, wherever it leads.
    if (!path().endsWith("链接")) expect((await remove(path())).status).toBe(400);
  });

  const harmless = [
    "%2e%2e%2f外面.txt",
    "..%2f外面.txt",
    "..;/外面.txt",
    "．．/外面.txt",
    "..\u2215外面.txt",
    "....//外面.txt",
    "C:\\x",
    "~/.ssh",
    "$HOME",
    "报告\\..\\..\\外面.txt",
  ];
  test.each(harmless)("%s is only a name that is not there", async (path) => {
    expect([400, 404]).toContain((await get("/download", path)).status);
    expect([400, 404]).toContain((await remove(path)).status);
  });

  test("nothing was touched outside", async () => {
    expect(await readFile(join(server.dataDir, "外面.txt"), "utf8")).toBe("机密");
  });
});

describe("listing", () => {
  test("the root", async () => {
    const listing = await listFiles(user);
    expect(Object.keys(listing).toSorted()).toEqual([
      "count",
      "crumbs",
      "current",
      "entries",
      "exists",
      "page",
      "page_size",
      "root",
    ]);
    expect(listing).toMatchObject({
      root: `workspace/users/${user.userId}`,
      current: "",
      exists: true,
      crumbs: [{ label: "/", rel: "" }],
    });
    expect(await listFiles(user, "")).toEqual(listing);
    expect(await listFiles(user, ".")).toEqual(listing);
    expect(await listFiles(user, "报告/..")).toEqual(listing);
  });

  test("folders come first, then all by name without case; hidden names do not show", async () => {
    const names = (await listFiles(user)).entries.map(({ name }) => name);
    const folders = names.filter((name) => /目录$|报告/.test(name) || name === "目录的链接");
    expect(folders).toEqual(["A目录", "b目录", "报告", "目录的链接"]);
    expect(names.slice(0, 4)).toEqual(folders);
    expect(names.filter((name) => name.endsWith(".txt"))).toEqual(["a.txt", "B.txt", "c.txt"]);
    expect(names.some((name) => name.startsWith("."))).toBe(false);
  });

  test("an entry says what it is, how large, and when it was changed", async () => {
    const entries = (await listFiles(user)).entries;
    const entry = (name: string) => entries.find((each) => each.name === name);
    expect(entry("c.txt")).toEqual({
      name: "c.txt",
      is_dir: false,
      size: 10,
      mtime: expect.any(String),
      rel: "c.txt",
    });
    expect(Date.parse(entry("c.txt")?.mtime ?? "")).toBeCloseTo(Date.parse("2026-11-22T09:30:00.123Z"), -3);
    expect(entry("c.txt")?.mtime).toMatch(/(Z|\+00:00)$/);
    expect(entry("报告")).toMatchObject({ is_dir: true, size: null, rel: "报告" });
    expect(entry("B.txt")?.size).toBe(0);
    expect(entry("里面的链接")).toMatchObject({ is_dir: false, size: Buffer.byteLength("# 水泥") });
  });

  test("a directory below, with the way to it", async () => {
    for (const path of [
      "报告/二〇二六",
      "报告/二〇二六/",
      "报告//二〇二六",
      "./报告/./二〇二六",
      "A目录/../报告/二〇二六",
    ]) {
      const listing = await listFiles(user, path);
      expect(listing).toMatchObject({
        current: "报告/二〇二六",
        exists: true,
        crumbs: [
          { label: "/", rel: "" },
          { label: "报告", rel: "报告" },
          { label: "二〇二六", rel: "报告/二〇二六" },
        ],
      });
      expect(listing.entries).toMatchObject([{ name: "空", rel: "报告/二〇二六/空" }]);
    }
  });

  test("through a link that stays inside", async () => {
    expect((await listFiles(user, "目录的链接")).entries.map(({ name }) => name)).toContain("水泥 第一章.md");
  });

  test("what is not there is said not to exist", async () => {
    expect(await listFiles(user, "没有/这个")).toMatchObject({
      exists: false,
      entries: [],
      current: "没有/这个",
    });
  });

  test("a hidden directory is listed when asked for by name", async () => {
    expect((await get("", ".memory")).status).toBe(200);
    expect((await get("/download", ".memory/隐藏.txt")).body).toBe("隐藏");
  });

  test("a new user's root is there and empty", async () => {
    expect(await listFiles(await server.createUser())).toMatchObject({ exists: true, entries: [] });
  });

  test("a file is no directory, and yet breaks nothing", async () => {
    expect(await listFiles(user, "a.txt")).toMatchObject({ exists: true, entries: [] });
  });
});

describe("downloading", () => {
  const download = (path: string, headers: Record<string, string> = {}) =>
    user.fetch(`/v1/files/download?path=${encodeURIComponent(path)}`, { headers });

  test("gives the bytes as an attachment under its own name", async () => {
    const answer = await download("报告/水泥 第一章.md");
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("# 水泥");
    const disposition = answer.headers.get("content-disposition") ?? "";
    expect(disposition).toMatch(/^attachment;/);
    const name = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1] ?? "";
    expect(decodeURIComponent(name)).toBe("水泥 第一章.md");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("content-length")).toBe("8");
    expect(answer.headers.get("etag")).toMatch(/^(W\/)?"[^"]+"$/);
  });

  const oddNames = [
    'a"b.txt',
    "a;b'c.txt",
    "a%20b+c&d.txt",
    "表情😀.txt",
    "x\ny: z.txt",
    "‮txt.exe",
    "a\\b.txt",
    "-rf",
    "a*(b)!~.txt",
  ];
  test.each(oddNames)("a file may be called %j", async (name) => {
    await writeFile(join(root, "A目录", name), "好");
    expect((await listFiles(user, "A目录")).entries.map((entry) => entry.name)).toContain(name);
    const answer = await download(`A目录/${name}`);
    expect([answer.status, await answer.text()]).toEqual([200, "好"]);
    const disposition = answer.headers.get("content-disposition") ?? "";
    expect(decodeURIComponent(/filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1] ?? "")).toBe(name);
    expect(disposition).toMatch(/^[\x20-\x7e]*$/);
  });

  const ranges: [range: string, status: number, body: string, contentRange: string | null][] = [
    ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
    ["bytes=4-", 206, "456789", "bytes 4-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=8-99", 206, "89", "bytes 8-9/10"],
    ["bytes=-99", 206, "0123456789", "bytes 0-9/10"],
    ["bytes=9-9", 206, "9", "bytes 9-9/10"],
    ["bytes=10-", 416, "", "bytes */10"],
    ["bytes=-0", 416, "", "bytes */10"],
    ["bytes=5-2", 200, "0123456789", null],
    ["bytes=a-b", 200, "0123456789", null],
    ["lines=1-2", 200, "0123456789", null],
  ];
  test.each(ranges)("the range %s is answered %i", async (range, status, body, contentRange) => {
    const answer = await download("c.txt", { Range: range });
    expect([answer.status, answer.headers.get("content-range")]).toEqual([status, contentRange]);
    if (status !== 416) expect(await answer.text()).toBe(body);
    if (status === 206) expect(answer.headers.get("content-length")).toBe(String(body.length));
  });

  test("a range is only good for the content it was meant for", async () => {
    const etag = (await download("c.txt")).headers.get("etag") ?? "";
    expect((await download("c.txt", { Range: "bytes=0-3", "If-Range": etag })).status).toBe(206);
    expect((await download("c.txt", { Range: "bytes=0-3", "If-Range": '"another"' })).status).toBe(200);
    await writeFile(join(root, "版本.txt"), "一");
    const before = (await download("版本.txt")).headers.get("etag");
    await writeFile(join(root, "版本.txt"), "二");
    expect((await download("版本.txt")).headers.get("etag")).not.toBe(before);
  });

  const none: [string, string, number][] = [
    ["a directory", "报告", 400],
    ["the root", "", 400],
    ["a linked directory", "目录的链接", 400],
    ["what is missing", "没有.txt", 404],
    ["what is missing further down", "没有/也没有.txt", 404],
    ["a link to nothing", "悬空的链接", 404],
  ];
  test.each(none)("%s is no file", async (_name, path, status) => {
    expect((await get("/download", path)).status).toBe(status);
  });

  test("links in a circle, a pipe, a file taken for a directory are refused without waiting", async () => {
    for (const path of ["自己", "管道", "a.txt/b"]) {
      expect([path, [400, 404].includes((await get("/download", path)).status)]).toEqual([path, true]);
    }
    expect((await get("", "")).status).toBe(200);
  });

  test("a path is wanted", async () => {
    expect((await ask(user, "GET", "/v1/files/download")).status).toBe(422);
  });

  test("a link that stays inside is followed", async () => {
    expect((await get("/download", "里面的链接")).body).toBe("# 水泥");
    expect((await get("/download", "目录的链接/水泥 第一章.md")).body).toBe("# 水泥");
    expect((await get("/download", "A目录/../目录的链接/../a.txt")).body).toBe("甲");
  });
});

describe("deleting", () => {
  test("a file and an empty directory", async () => {
    await writeFile(join(root, "走.txt"), "");
    await mkdir(join(root, "空走"));
    for (const path of ["走.txt", "空走"]) {
      const answer = await remove(path);
      expect([answer.status, answer.body]).toEqual([200, { ok: true, path }]);
      expect((await remove(path)).status).toBe(404);
    }
  });

  const kept: [string, string, number][] = [
    ["a non-empty directory", "报告", 400],
    ["the root", "", 400],
    ["the root by a dot", ".", 400],
    ["the root by a detour", "报告/..", 400],
    ["what is missing", "没有", 404],
    ["below what is missing", "没有/x", 404],
  ];
  test.each(kept)("%s is refused", async (_name, path, status) => {
    expect((await remove(path)).status).toBe(status);
    expect((await listFiles(user, "报告")).entries).not.toHaveLength(0);
  });

  test("a symbolic link is removed itself, never its target", async () => {
    await symlink("报告", join(root, "链甲"));
    await symlink("a.txt", join(root, "链乙"));
    await symlink(server.dataDir, join(root, "链丙"));
    await symlink("没有", join(root, "链丁"));
    for (const path of ["链甲", "链乙", "链丙", "链丁"]) {
      expect([path, (await remove(path)).status]).toEqual([path, 200]);
      await expect(lstat(join(root, path))).rejects.toThrow();
    }
    expect((await lstat(join(root, "报告"))).isDirectory()).toBe(true);
    expect(await readFile(join(root, "a.txt"), "utf8")).toBe("甲");
    expect((await lstat(server.dataDir)).isDirectory()).toBe(true);
  });

  test("of two names of one file takes one", async () => {
    await link(join(root, "a.txt"), join(root, "又名.txt"));
    expect((await remove("又名.txt")).status).toBe(200);
    expect(await readFile(join(root, "a.txt"), "utf8")).toBe("甲");
  });

  test("twice at once deletes once", async () => {
    await writeFile(join(root, "抢.txt"), "");
    const statuses = (await Promise.all([remove("抢.txt"), remove("抢.txt")])).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 404]);
  });
});
