import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type FileServer,
  pathQuery,
  refusal,
  startFileServer,
} from "../../../../test/support/file-server.ts";

let server: FileServer;

beforeEach(async () => {
  server = await startFileServer();
});
afterEach(() => server.close());

async function list(path: string): Promise<Record<string, unknown>> {
  return (await fetch(server.url + pathQuery(path))).json() as Promise<Record<string, unknown>>;
}

test("a directory is listed with folders first, then names without case; hidden and outside ones left out", async () => {
  for (const folder of ["子", "B夹", "a夹"]) await mkdir(server.inside(folder));
  for (const file of ["b.txt", "A.txt", ".隐藏", "中.txt"]) await writeFile(server.inside(file), "内容");
  await symlink("../外面.txt", server.inside("外"));
  await symlink("b.txt", server.inside("链.txt"));
  execFileSync("bash", ["-c", "printf x > $'\\xff.txt'; mkfifo 管"], { cwd: server.inside("") });
  const listing = await list("");
  expect(listing).toMatchObject({
    root: `workspace/users/${server.userId}`,
    current: "",
    exists: true,
    crumbs: [{ label: "/", rel: "" }],
  });
  const entries = listing.entries as { name: string; size: number | null; mtime: string; rel: string }[];
  expect(entries.map(({ name }) => name)).toEqual([
    "a夹",
    "B夹",
    "子",
    "A.txt",
    "b.txt",
    "中.txt",
    "管",
    "链.txt",
    "\uEFFF.txt",
  ]);
  expect(entries[0]).toMatchObject({ is_dir: true, size: null });
  expect(entries[7]).toMatchObject({
    is_dir: false,
    size: 6,
    rel: "链.txt",
    mtime: expect.stringMatching(/Z$/),
  });
});

test("a listing says where it is, also when nothing is there or a file", async () => {
  await mkdir(server.inside("甲/乙"), { recursive: true });
  await writeFile(server.inside("甲/乙/文"), "");
  expect(await list("./甲//乙/")).toMatchObject({
    current: "甲/乙",
    crumbs: [
      { label: "/", rel: "" },
      { label: "甲", rel: "甲" },
      { label: "乙", rel: "甲/乙" },
    ],
    entries: [{ rel: "甲/乙/文" }],
  });
  expect(await list("没有/下")).toMatchObject({ current: "没有/下", exists: false, entries: [] });
  expect(await list("没有")).toMatchObject({ current: "没有", exists: false, entries: [] });
  expect(await list("甲/乙/文")).toMatchObject({ current: "甲/乙/文", exists: true, entries: [] });
  expect(await list("甲/乙/../..")).toMatchObject({ current: "", exists: true });
  for (const path of ["..", "/etc", "\\x", "甲/../..", "a\0"]) {
    expect((await fetch(server.url + pathQuery(path))).status).toBe(400);
  }
});

test("a file, an empty directory or a link itself is deleted, and nothing more", async () => {
  await mkdir(server.inside("夹/子"), { recursive: true });
  await symlink("夹", server.inside("链"));
  await symlink("../外面.txt", server.inside("外"));
  const remove = (path: string): Promise<Response> =>
    fetch(`${server.url}/delete`, {
      method: "POST",
      body: JSON.stringify({ path }),
      headers: { "Content-Type": "application/json" },
    });
  expect(await refusal(await remove("夹"))).toEqual([400, "directory_not_empty"]);
  expect(await refusal(await remove(""))).toEqual([400, "root_not_deletable"]);
  expect(await refusal(await remove("夹/.."))).toEqual([400, "root_not_deletable"]);
  expect(await refusal(await remove("没有"))).toEqual([404, "path_not_found"]);
  expect(await refusal(await remove("../外面.txt"))).toEqual([400, "invalid_path"]);
  for (const path of ["链", "外", "夹/子"]) {
    expect(await (await remove(path)).json()).toEqual({ ok: true, path });
  }
  expect(await readdir(server.inside(""))).toEqual(["夹"]);
  expect(await readFile(join(server.host, "外面.txt"), "utf8")).toBe("secret");
});
