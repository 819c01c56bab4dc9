import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type FileServer,
  pathQuery,
  refusal,
  startFileServer,
  until,
} from "../../../test/support/file-server.ts";
import { openDirectory } from "../../workspace/open-directory.ts";
import { removeStaleUploads } from "./upload.ts";

let server: FileServer;

beforeEach(async () => {
  server = await startFileServer();
});
afterEach(() => server.close());

type Part = [field: string, content: string | Uint8Array<ArrayBuffer>, name?: string];

function upload(parts: Part[]): Promise<Response> {
  const form = new FormData();
  for (const [field, content, name] of parts) {
    if (name === undefined) form.append(field, content as string);
    else form.append(field, new Blob([content]), name);
  }
  return fetch(`${server.url}/upload`, { method: "POST", body: form });
}

/** Sends parts exactly as given, which FormData would not. */
function uploadRaw(parts: string[], contentType = "multipart/form-data; boundary=b"): Promise<Response> {
  const body = `${parts.map((part) => `--b\r\nContent-Disposition: form-data; ${part}\r\n`).join("")}--b--\r\n`;
  return fetch(`${server.url}/upload`, { method: "POST", body, headers: { "Content-Type": contentType } });
}

test("files are uploaded into directories made for them, whatever the order of the fields", async () => {
  const big = new Uint8Array(900_000).map((_, index) => index % 251);
  for (const path of [[], [["path", "新/夹"]]] as Part[][]) {
    const prefix = path.length ? "新/夹/" : "";
    const response = await upload([["files", "一", "一 (1).txt"], ...path, ["files", big, "大.bin"]]);
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        count: 2,
        saved: [
          { name: "一 (1).txt", size: 3, rel: `${prefix}一 (1).txt` },
          { name: "大.bin", size: 900_000, rel: `${prefix}大.bin` },
        ],
      },
    ]);
    expect(new Uint8Array(await readFile(server.inside(`${prefix}大.bin`)))).toEqual(big);
  }
  await upload([
    ["path", "新/夹"],
    ["files", "二", "一 (1).txt"],
  ]);
  expect(await readFile(server.inside("新/夹/一 (1).txt"), "utf8")).toBe("二");
  await upload([
    ["files", new Uint8Array(1_000_000), "正好"],
    ["other", "x", "不要"],
  ]);
  expect((await readdir(server.inside(""))).sort()).toEqual(["一 (1).txt", "大.bin", "新", "正好"].sort());
});

test("a bad name, path or target leaves nothing of the whole request", async () => {
  await mkdir(server.inside("夹"));
  await writeFile(server.inside("文"), "旧");
  await symlink("../外面.txt", server.inside("外"));
  const good: Part = ["files", "好", "好.txt"];
  const bad: [Part[], unknown][] = [
    [
      [good, ["files", "x", "../外面.txt"]],
      [400, "invalid_file_name"],
    ],
    [
      [good, ["files", "x", ".."]],
      [400, "invalid_file_name"],
    ],
    [
      [good, ["files", "x", "."]],
      [400, "invalid_file_name"],
    ],
    [
      [good, ["files", "x", "夹/文"]],
      [400, "invalid_file_name"],
    ],
    [
      [good, ["files", "x", "夹\\文"]],
      [400, "invalid_file_name"],
    ],
    [
      [good, ["files", "x", "长".repeat(86)]],
      [400, "name_too_long"],
    ],
    [
      [good, ["path", ".."]],
      [400, "invalid_path"],
    ],
    [
      [["path", "/etc"], good],
      [400, "invalid_path"],
    ],
    [
      [good, ["path", "a\0b"]],
      [400, "invalid_path"],
    ],
    [
      [good, ["path", "外"]],
      [400, "invalid_path"],
    ],
    [
      [good, ["path", "文"]],
      [400, "not_a_directory"],
    ],
    [
      [good, ["path", "文/下"]],
      [400, "not_a_directory"],
    ],
    [
      [good, ["files", "x", "夹"]],
      [400, "not_a_file"],
    ],
    [
      [good, ["files", "x", "外"]],
      [400, "invalid_path"],
    ],
    [[["path", "新"]], [400, "no_files"]],
    [
      [
        ["path", "新"],
        ["other", "x", "x"],
      ],
      [400, "no_files"],
    ],
    [
      [good, ["files", new Uint8Array(1_000_001), "大"]],
      [413, "too_large"],
    ],
    [
      [good, good, good, good],
      [413, "too_large"],
    ],
  ];
  for (const [parts, expected] of bad) expect(await refusal(await upload(parts))).toEqual(expected);
  for (const part of ['name="files"; filename=""\r\n\r\nx', 'name="files"; filename="a\0b"\r\n\r\nx']) {
    expect((await uploadRaw([part])).status).toBeGreaterThanOrEqual(400);
  }
  expect((await readdir(server.inside(""))).sort()).toEqual(["外", "夹", "文"].sort());
  expect(await readFile(server.inside("文"), "utf8")).toBe("旧");
});

test("a body that is no whole multipart form is 422 with the list of faults", async () => {
  const file = 'name="files"; filename="a.txt"\r\n\r\nx';
  const bodies = [
    uploadRaw([file], "application/json"),
    uploadRaw([file], "application/x-www-form-urlencoded"),
    uploadRaw([file], "multipart/form-data"),
    uploadRaw([file], "multipart/form-data; boundary=other"),
    fetch(`${server.url}/upload`, { method: "POST" }),
    fetch(`${server.url}/upload`, {
      method: "POST",
      body: `--b\r\nContent-Disposition: form-data; ${file}`,
      headers: { "Content-Type": "multipart/form-data; boundary=b" },
    }),
  ];
  for (const response of await Promise.all(bodies)) {
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ detail: [{ loc: ["body"], type: "multipart" }] });
  }
  expect(await readdir(server.inside(""))).toEqual([]);
});

test("a sender of far too much still hears that it is too much, even if it listens only at the end", async () => {
  const head = '--b\r\nContent-Disposition: form-data; name="files"; filename="大"\r\n\r\n';
  const chunk = Buffer.alloc(1_000_000);
  const chunks = 150;
  const socket = server.connect();
  socket.write(
    "POST /v1/files/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n",
  );
  socket.write(`Content-Length: ${Buffer.byteLength(head) + chunks * chunk.length}\r\n\r\n${head}`);
  for (let sent = 0; sent < chunks; sent++) {
    if (!socket.write(chunk)) await once(socket, "drain");
  }
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 413 .*too_large/s);
  expect(await readdir(server.inside(""))).toEqual([]);
  // The connection is still good for the next request.
  socket.write(`GET /v1/files HTTP/1.1\r\nHost: x\r\n\r\n`);
  const [next] = (await once(socket, "data")) as [Buffer];
  expect(next.toString()).toMatch(/^HTTP\/1.1 200/);
  socket.destroy();
});

test("an upload that is broken off leaves nothing", async () => {
  const sending = request(`${server.url}/upload`, {
    method: "POST",
    headers: { "Content-Type": "multipart/form-data; boundary=b" },
  });
  sending.on("error", () => {});
  sending.write('--b\r\nContent-Disposition: form-data; name="files"; filename="半"\r\n\r\n');
  sending.write("x".repeat(300_000));
  await until(async () => (await readdir(server.inside(""))).length > 0);
  sending.destroy();
  await until(async () => (await readdir(server.inside(""))).length === 0);
  expect((await fetch(server.url + pathQuery(""))).status).toBe(200);
});

test("a raw client that closes right after its request leaves nothing either", async () => {
  const socket = server.connect();
  socket.on("error", () => {});
  socket.write("POST /v1/files/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n");
  socket.write("Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n");
  socket.destroySoon();
  expect((await upload([["files", "一", "一"]])).status).toBe(200);
  await until(async () => (await readdir(server.inside(""))).join() === "一");
});

test("what uploads before a crash have left is removed, and nothing else", async () => {
  const left = ".zcbot-upload-018f0000-0000-7000-8000-000000000002";
  await mkdir(server.inside(left));
  await writeFile(server.inside(`${left}/0`), "半");
  await mkdir(server.inside(".zcbot-upload-mine"));
  const users = await openDirectory(server.host);
  await removeStaleUploads(users, new Date(Date.now() - 3_600_000));
  expect(await readdir(server.inside(""))).toContain(left);
  await removeStaleUploads(users, new Date(Date.now() + 3_600_000));
  expect(await readdir(server.inside(""))).toEqual([".zcbot-upload-mine"]);
});

test("a file or a link that is named as an upload under way is left alone, and keeps nothing from being removed", async () => {
  const named = (last: number) => `.zcbot-upload-018f0000-0000-7000-8000-00000000000${last}`;
  await mkdir(server.inside("我的"));
  await writeFile(server.inside("我的/文.txt"), "文");
  await writeFile(server.inside(named(1)), "文");
  await symlink("我的", server.inside(named(2)));
  await mkdir(server.inside(named(3)));
  await removeStaleUploads(await openDirectory(server.host), new Date(Date.now() + 3_600_000));
  expect((await readdir(server.inside(""))).sort()).toEqual([named(1), named(2), "我的"].sort());
  expect(await readdir(server.inside("我的"))).toEqual(["文.txt"]);
});

test("what stands in the way of one file keeps the others from being saved", async () => {
  execFileSync("mkfifo", [server.inside("管")]);
  await mkdir(server.inside("夹"));
  for (const taken of ["管", "夹"]) {
    const parts: Part[] = [
      ["files", "好", "好.txt"],
      ["files", "坏", taken],
    ];
    expect(await refusal(await upload(parts))).toEqual([400, "not_a_file"]);
  }
  expect((await readdir(server.inside(""))).sort()).toEqual(["夹", "管"].sort());
});

test("names that the server gives its own files under way are nobody else's", async () => {
  expect(await refusal(await upload([["files", "x", ".zcbot-upload-1"]]))).toEqual([
    400,
    "invalid_file_name",
  ]);
  for (const path of [".zcbot-upload-1", "夹/.zcbot-x/深"]) {
    expect(
      await refusal(
        await upload([
          ["path", path],
          ["files", "x", "文"],
        ]),
      ),
    ).toEqual([400, "invalid_path"]);
  }
  expect(
    (
      await upload([
        ["path", ".zcbot"],
        ["files", "x", "zcbot-1"],
      ])
    ).status,
  ).toBe(200);
  expect(await readdir(server.inside(""))).toEqual([".zcbot"]);
});
