import { execFileSync } from "node:child_process";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { upload } from "../../support/api/multipart.ts";
import { openConnection } from "../../support/api/raw-connection.ts";
import { ask } from "../../support/api/request.ts";
import { short } from "./contents.ts";
import { type Bomb, mebibyte, statusOf, times, type World } from "./world.ts";

const query = (path: string) => `?path=${encodeURIComponent(path)}`;

const status = ({ attacker }: World, door: string, path: string, init: RequestInit = {}) =>
  statusOf(attacker.fetch(`/v1/files${door}${query(path)}`, init));

async function namesOf(
  { attacker }: World,
  path: string,
  more = "",
): Promise<{ count: number; names: string[] }> {
  const answer = await attacker.fetch(`/v1/files${query(path)}${more}`);
  const { count, entries } = (await answer.json()) as { count: number; entries: { name: string }[] };
  return { count, names: entries.map(({ name }) => name) };
}

const remove = async ({ attacker }: World, path: string) =>
  (await ask(attacker, "POST", "/v1/files/delete", { path })).status;

/** What stands there is no file to read or to write over, but can be seen and removed. */
function special(name: string, make: (path: string) => unknown): Bomb {
  return {
    name: `place: ${name}`,
    gives: {
      listed: true,
      download: 400,
      raw: 400,
      head: 400,
      upload: 400,
      tools: [short, short, short, short],
      removed: 200,
    },
    async act(world) {
      await make(join(world.root, "工/特"));
      const tools = await world.callTools([
        ["read", { path: "特" }],
        ["grep", { pattern: "x", path: "特" }],
        ["write", { path: "特", content: "x" }],
        ["edit", { path: "特", old_text: "x", new_text: "y" }],
      ]);
      return {
        listed: (await namesOf(world, "工")).names.includes("特"),
        download: await status(world, "/download", "工/特"),
        raw: await status(world, "/raw", "工/特"),
        head: await status(world, "/raw", "工/特", { method: "HEAD" }),
        upload: (
          await upload(world.attacker, [
            { name: "path", content: "工" },
            { filename: "特", content: "x" },
          ])
        ).status,
        tools: tools.map((text) => text.length),
        removed: await remove(world, "工/特"),
      };
    },
  };
}

function listenAt(path: string): void {
  // From within: the address of a socket has to be short.
  execFileSync(process.execPath, ["-e", "require('net').createServer().listen('特', () => process.exit())"], {
    cwd: join(path, ".."),
  });
}

/** Links, folders and files that are more than they seem. */
export const placeBombs: Bomb[] = [
  special("a FIFO", (path) => execFileSync("mkfifo", [path])),
  special("a socket", listenAt),
  {
    name: "place: a sparse file of 1 TB",
    gives: {
      size: 2 ** 40,
      part: ["0000", "bytes 549755813888-549755813891/1099511627776"],
      tail: 206,
      head: "1099511627776",
      read: short,
      removed: 200,
    },
    async act(world) {
      await writeFile(join(world.root, "工/稀疏"), "");
      await truncate(join(world.root, "工/稀疏"), 2 ** 40);
      const get = (headers: Record<string, string>, method = "GET") =>
        world.attacker.fetch(`/v1/files/raw${query("工/稀疏")}`, { method, headers });
      const part = await get({ Range: "bytes=549755813888-549755813891" });
      const list = await world.attacker.fetch(`/v1/files${query("工")}`);
      const { entries } = (await list.json()) as { entries: { name: string; size: number }[] };
      const [read = ""] = await world.callTools([["read", { path: "稀疏" }]]);
      return {
        size: entries.find(({ name }) => name === "稀疏")?.size,
        part: [
          Buffer.from(await part.arrayBuffer())
            .toString("hex")
            .slice(0, 4),
          part.headers.get("content-range"),
        ],
        tail: await statusOf(get({ Range: "bytes=-1000" })),
        head: (await get({}, "HEAD")).headers.get("content-length"),
        read: read.length,
        removed: await remove(world, "工/稀疏"),
      };
    },
  },
  {
    name: "place: 30 downloads of 1 TB that nobody reads",
    gives: true,
    async act(world) {
      await writeFile(join(world.root, "大"), "");
      await truncate(join(world.root, "大"), 2 ** 40);
      const before = world.memory().now;
      const readers = await Promise.all(Array.from({ length: 30 }, () => openConnection(world.url)));
      for (const reader of readers) {
        reader.send(
          `GET /v1/files/download${query("大")} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${world.attacker.token}\r\n\r\n`,
        );
        reader.socket.once("data", () => reader.socket.pause());
      }
      for (let turn = 0; turn < 50; turn++) await statusOf(world.attacker.fetch("/v1/files"));
      const grown = world.memory().now - before;
      for (const reader of readers) reader.close();
      await remove(world, "大");
      return grown < 60 || grown;
    },
  },
  {
    name: "place: links in a circle",
    gives: { listed: { count: 0, names: [] }, raw: 400, tool: short, removed: [200, 200, 200] },
    async act(world) {
      await mkdir(join(world.root, "圈"));
      await symlink("乙", join(world.root, "圈/甲"));
      await symlink("甲", join(world.root, "圈/乙"));
      await symlink("自", join(world.root, "圈/自"));
      const [tool = ""] = await world.callTools([["list", { path: "../圈" }]]);
      return {
        listed: await namesOf(world, "圈"),
        raw: await status(world, "/raw", "圈/甲"),
        tool: tool.length,
        removed: [await remove(world, "圈/甲"), await remove(world, "圈/乙"), await remove(world, "圈/自")],
      };
    },
  },
  {
    name: "place: links that double at each step",
    gives: { raw: 400, listed: 200, glob: short },
    async act(world) {
      const folder = join(world.root, "工/倍");
      await mkdir(folder);
      await symlink(".", join(folder, "链0"));
      for (let index = 1; index < 40; index++)
        await symlink(`链${index - 1}/链${index - 1}`, join(folder, `链${index}`));
      const [glob = ""] = await world.callTools([["glob", { pattern: "**/*", path: "倍" }]]);
      return {
        raw: await status(world, "/raw", "工/倍/链39/x"),
        listed: await status(world, "", "工/倍"),
        glob: glob.length,
      };
    },
  },
  {
    name: "place: 3,000 links to folders",
    gives: { count: 1_000, last: 200 },
    async act(world) {
      await mkdir(join(world.root, "链多"));
      for (let index = 0; index < 3_000; index++) await symlink("..", join(world.root, `链多/l${index}`));
      return { count: (await namesOf(world, "链多")).count, last: await status(world, "", "链多/l1") };
    },
  },
  {
    name: "place: a folder of very many entries, listed, searched and remembered",
    gives: { first: [times(100_000), 5_000], page: 500, last: 0, folders: 200, tools: [short, short, short] },
    async act(world) {
      const script = `mkdir 工/多 .memory; seq ${times(100_000)} | sed 's|^|工/多/文|' | xargs touch; seq ${times(20_000)} | sed 's|^|.memory/记|; s|$|.md|' | xargs touch`;
      execFileSync("bash", ["-c", script], { cwd: world.root });
      const all = await namesOf(world, "工/多");
      const tools = await world.callTools([
        ["list", { path: "多" }],
        ["glob", { pattern: "**/文1*" }],
        ["grep", { pattern: "x", path: "多" }],
      ]);
      return {
        first: [all.count, all.names.length],
        page: (await namesOf(world, "工/多", "&page=3&page_size=500")).names.length,
        last: (await namesOf(world, "工/多", "&page=9999")).names.length,
        folders: await statusOf(world.attacker.fetch("/v1/folders")),
        tools: tools.map((text) => text.length),
      };
    },
  },
  {
    name: "place: folders 1,500 deep",
    gives: { uploaded: 200, listed: 200, tools: [short, short] },
    async act(world) {
      const path = `深/${"d/".repeat(1_500)}`;
      const parts = [
        { name: "path", content: path },
        { filename: "底", content: "x" },
      ];
      const uploaded = (await upload(world.attacker, parts)).status;
      const tools = await world.callTools([
        ["list", { path: "../深" }],
        ["glob", { pattern: "**/底" }],
      ]);
      return { uploaded, listed: await status(world, "", path), tools: tools.map((text) => text.length) };
    },
  },
  {
    name: "place: names of bytes that are no UTF-8",
    gives: { count: 200, shown: 200, removed: 200 },
    async act(world) {
      await mkdir(join(world.root, "字节"));
      for (let index = 0; index < 200; index++) {
        await writeFile(
          Buffer.concat([
            Buffer.from(`${world.root}/字节/x`),
            Buffer.from([0x80 + (index % 128), 0xc0 + (index >> 7)]),
          ]),
          "x",
        );
      }
      const { count, names } = await namesOf(world, "字节");
      const path = `字节/${names[7]}`;
      return { count, shown: await status(world, "/raw", path), removed: await remove(world, path) };
    },
  },
  {
    name: "place: 200 uploads of one name, 20 at once",
    gives: expect.objectContaining({ statuses: [200], size: mebibyte / 8 }),
    async act(world) {
      const content = new Uint8Array(mebibyte / 8).fill(120);
      const statuses = new Set<number>();
      for (let round = 0; round < 10; round++) {
        const sent = Array.from({ length: 20 }, () =>
          upload(world.attacker, [{ filename: "同.bin", content }]),
        );
        for (const { status: each } of await Promise.all(sent)) statuses.add(each);
      }
      const answer = await world.attacker.fetch(`/v1/files/raw${query("同.bin")}`);
      return { statuses: [...statuses], size: (await answer.arrayBuffer()).byteLength };
    },
  },
];
