import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDirectory } from "../../../workspace/open-directory.ts";
import { createApp } from "../app.ts";
import type { Handlers } from "../handler.ts";
import { removeStaleUploads } from "../upload.ts";
import { createFileHandlers } from "./files.ts";

const userId = "018f0000-0000-7000-8000-000000000001";
const limits = { uploadBytes: 1_000_000, uploadFiles: 3 };
let host: string;
let http: Server;
let url: string;

beforeEach(async () => {
  host = await mkdtemp(join(tmpdir(), "zcbot-文件-"));
  await writeFile(join(host, "外面.txt"), "secret");
  const root = openDirectory(join(host, userId));
  await root;
  const app = createApp({
    // The other routes are not called here.
    handlers: createFileHandlers(() => root, limits) as Handlers,
    authenticate: async () => ({ userId, scope: "user" }),
    logger: pino({ level: "silent" }),
    maxJsonBytes: 1_000_000,
    corsOrigins: undefined,
    webDirectory: host,
    referenceDirectory: host,
  });
  http = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1/files`;
});

afterEach(async () => {
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
  await rm(host, { recursive: true });
});

const inside = (path: string): string => join(host, userId, path);
const query = (path: string): string => `?path=${encodeURIComponent(path)}`;

async function list(path: string): Promise<Record<string, unknown>> {
  return (await fetch(url + query(path))).json() as Promise<Record<string, unknown>>;
}

function download(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
  return fetch(`${url}/download${query(path)}`, { headers, method });
}

type Part = [field: string, content: string | Uint8Array<ArrayBuffer>, name?: string];

function upload(parts: Part[]): Promise<Response> {
  const form = new FormData();
  for (const [field, content, name] of parts) {
    if (name === undefined) form.append(field, content as string);
    else form.append(field, new Blob([content]), name);
  }
  return fetch(`${url}/upload`, { method: "POST", body: form });
}

/** Sends parts exactly as given, which FormData would not. */
function uploadRaw(parts: string[], contentType = "multipart/form-data; boundary=b"): Promise<Response> {
  const body = `${parts.map((part) => `--b\r\nContent-Disposition: form-data; ${part}\r\n`).join("")}--b--\r\n`;
  return fetch(`${url}/upload`, { method: "POST", body, headers: { "Content-Type": contentType } });
}

async function code(response: Response): Promise<unknown> {
  return [response.status, ((await response.json()) as { code: string }).code];
}

function descriptors(): number {
  return readdirSync("/proc/self/fd", { withFileTypes: false }).length;
}

/** Settles when `condition` holds; the test's own time limit bounds it. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

test("a directory is listed with folders first, then names without case; hidden and outside ones left out", async () => {
  for (const folder of ["子", "B夹", "a夹"]) await mkdir(inside(folder));
  for (const file of ["b.txt", "A.txt", ".隐藏", "中.txt"]) await writeFile(inside(file), "内容");
  await symlink("../外面.txt", inside("外"));
  await symlink("b.txt", inside("链.txt"));
  execFileSync("bash", ["-c", "printf x > $'\\xff.txt'; mkfifo 管"], { cwd: inside("") });
  const listing = await list("");
  expect(listing).toMatchObject({
    root: `workspace/users/${userId}`,
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
    "\uFFFD.txt",
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
  await mkdir(inside("甲/乙"), { recursive: true });
  await writeFile(inside("甲/乙/文"), "");
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
    expect((await fetch(url + query(path))).status).toBe(400);
  }
});

test("a file of any name is downloaded as an attachment that is only a download", async () => {
  for (const name of [
    "报告 (1).txt",
    `引"号'.html`,
    "换\r\nSet-Cookie: a=b",
    "\u202Egpj.exe",
    "😀.svg",
    "反\\斜",
    "%2e",
  ]) {
    await writeFile(inside(name), name);
    const response = await download(name);
    expect(await response.text()).toBe(name);
    const disposition = response.headers.get("Content-Disposition") ?? "";
    expect(disposition).toMatch(/^attachment; filename\*=UTF-8''[A-Za-z0-9%._~!-]+$/);
    expect(decodeURIComponent(disposition.split("''")[1] ?? "")).toBe(name);
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(response.headers.get("Content-Type")).toBe("application/octet-stream");
    expect(response.headers.get("Set-Cookie")).toBeNull();
  }
});

test("what is no file is refused, and what leads outside too", async () => {
  await mkdir(inside("夹"));
  await symlink("../外面.txt", inside("外"));
  execFileSync("mkfifo", [inside("管")]);
  expect(await code(await download("夹"))).toEqual([400, "not_a_file"]);
  expect(await code(await download("管"))).toEqual([400, "not_a_file"]);
  expect(await code(await download(""))).toEqual([400, "not_a_file"]);
  expect(await code(await download("没有"))).toEqual([404, "path_not_found"]);
  for (const path of ["外", "../外面.txt", "/etc/passwd", "夹/../../外面.txt"]) {
    expect(await code(await download(path))).toEqual([400, "invalid_path"]);
  }
});

test("ranges, conditions and HEAD are answered as HTTP has them", async () => {
  await writeFile(inside("数.txt"), "0123456789");
  await writeFile(inside("空.txt"), "");
  const whole = await download("数.txt");
  const etag = whole.headers.get("ETag") ?? "";
  await whole.text();
  expect(etag).toMatch(/^"[^"]+"$/);
  const ranges: [range: string, status: number, body: string, contentRange: string | null][] = [
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=7-", 206, "789", "bytes 7-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=-99", 206, "0123456789", "bytes 0-9/10"],
    ["bytes=8-99", 206, "89", "bytes 8-9/10"],
    ["bytes=0-0,5-5", 200, "0123456789", null],
    ["bytes=5-2", 200, "0123456789", null],
    ["lines=1-2", 200, "0123456789", null],
  ];
  for (const [Range, status, body, contentRange] of ranges) {
    const part = await download("数.txt", { Range });
    expect([part.status, await part.text(), part.headers.get("Content-Range")]).toEqual([
      status,
      body,
      contentRange,
    ]);
  }
  for (const Range of ["bytes=10-", "bytes=-0"]) {
    const refused = await download("数.txt", { Range });
    expect(refused.headers.get("Content-Range")).toBe("bytes */10");
    expect(await code(refused)).toEqual([416, "range_not_satisfiable"]);
  }
  expect((await download("数.txt", { Range: "bytes=1-1", "If-Range": etag })).status).toBe(206);
  expect((await download("数.txt", { Range: "bytes=1-1", "If-Range": '"other"' })).status).toBe(200);
  const known = await download("数.txt", { "If-None-Match": `"x", W/${etag}` });
  expect([known.status, await known.text(), known.headers.get("ETag")]).toEqual([304, "", etag]);
  const head = await download("数.txt", {}, "HEAD");
  expect([head.status, head.headers.get("Content-Length"), await head.text()]).toEqual([200, "10", ""]);
  expect(await (await download("空.txt")).text()).toBe("");
  await writeFile(inside("数.txt"), "9876543210");
  expect((await download("数.txt", { "If-None-Match": etag })).status).toBe(200);
});

test("a download that is broken off closes the file", async () => {
  execFileSync("truncate", ["-s", "200M", inside("大")]);
  const before = descriptors();
  for (let turn = 0; turn < 5; turn++) {
    const stop = new AbortController();
    const response = await fetch(`${url}/download${query("大")}`, { signal: stop.signal });
    await response.body?.getReader().read();
    stop.abort();
  }
  await (await download("大", {}, "HEAD")).text();
  await (await download("大", { Range: "bytes=0-9" })).text();
  http.closeAllConnections();
  const opened = (): number =>
    execFileSync("ls", ["-l", `/proc/${process.pid}/fd`], { encoding: "utf8" }).split(inside("大")).length -
    1;
  await until(() => opened() === 0);
  expect(descriptors()).toBeLessThan(before + 20);
});

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
    expect(new Uint8Array(await readFile(inside(`${prefix}大.bin`)))).toEqual(big);
  }
  await upload([
    ["path", "新/夹"],
    ["files", "二", "一 (1).txt"],
  ]);
  expect(await readFile(inside("新/夹/一 (1).txt"), "utf8")).toBe("二");
  await upload([
    ["files", new Uint8Array(1_000_000), "正好"],
    ["other", "x", "不要"],
  ]);
  expect((await readdir(inside(""))).sort()).toEqual(["一 (1).txt", "大.bin", "新", "正好"].sort());
});

test("a bad name, path or target leaves nothing of the whole request", async () => {
  await mkdir(inside("夹"));
  await writeFile(inside("文"), "旧");
  await symlink("../外面.txt", inside("外"));
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
  for (const [parts, expected] of bad) expect(await code(await upload(parts))).toEqual(expected);
  for (const part of ['name="files"; filename=""\r\n\r\nx', 'name="files"; filename="a\0b"\r\n\r\nx']) {
    expect((await uploadRaw([part])).status).toBeGreaterThanOrEqual(400);
  }
  expect((await readdir(inside(""))).sort()).toEqual(["外", "夹", "文"].sort());
  expect(await readFile(inside("文"), "utf8")).toBe("旧");
});

test("a body that is no whole multipart form is 422 with the list of faults", async () => {
  const file = 'name="files"; filename="a.txt"\r\n\r\nx';
  const bodies = [
    uploadRaw([file], "application/json"),
    uploadRaw([file], "application/x-www-form-urlencoded"),
    uploadRaw([file], "multipart/form-data"),
    uploadRaw([file], "multipart/form-data; boundary=other"),
    fetch(`${url}/upload`, { method: "POST" }),
    fetch(`${url}/upload`, {
      method: "POST",
      body: `--b\r\nContent-Disposition: form-data; ${file}`,
      headers: { "Content-Type": "multipart/form-data; boundary=b" },
    }),
  ];
  for (const response of await Promise.all(bodies)) {
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ detail: [{ loc: ["body"], type: "multipart" }] });
  }
  expect(await readdir(inside(""))).toEqual([]);
});

test("a sender of far too much still hears that it is too much, even if it listens only at the end", async () => {
  const head = '--b\r\nContent-Disposition: form-data; name="files"; filename="大"\r\n\r\n';
  const chunk = Buffer.alloc(1_000_000);
  const chunks = 150;
  const socket = connect((http.address() as AddressInfo).port, "127.0.0.1");
  socket.write(
    "POST /v1/files/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n",
  );
  socket.write(`Content-Length: ${Buffer.byteLength(head) + chunks * chunk.length}\r\n\r\n${head}`);
  for (let sent = 0; sent < chunks; sent++) {
    if (!socket.write(chunk)) await once(socket, "drain");
  }
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 413 .*too_large/s);
  expect(await readdir(inside(""))).toEqual([]);
  // The connection is still good for the next request.
  socket.write(`GET /v1/files HTTP/1.1\r\nHost: x\r\n\r\n`);
  const [next] = (await once(socket, "data")) as [Buffer];
  expect(next.toString()).toMatch(/^HTTP\/1.1 200/);
  socket.destroy();
});

test("an upload that is broken off leaves nothing", async () => {
  const sending = request(`${url}/upload`, {
    method: "POST",
    headers: { "Content-Type": "multipart/form-data; boundary=b" },
  });
  sending.on("error", () => {});
  sending.write('--b\r\nContent-Disposition: form-data; name="files"; filename="半"\r\n\r\n');
  sending.write("x".repeat(300_000));
  await until(async () => (await readdir(inside(""))).length > 0);
  sending.destroy();
  await until(async () => (await readdir(inside(""))).length === 0);
  expect((await fetch(url + query(""))).status).toBe(200);
});

test("a raw client that closes right after its request leaves nothing either", async () => {
  const socket = connect((http.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("POST /v1/files/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n");
  socket.write("Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n");
  socket.destroySoon();
  expect((await upload([["files", "一", "一"]])).status).toBe(200);
  await until(async () => (await readdir(inside(""))).join() === "一");
});

test("what uploads before a crash have left is removed, and nothing else", async () => {
  const left = ".zcbot-upload-018f0000-0000-7000-8000-000000000002";
  await mkdir(inside(left));
  await writeFile(inside(`${left}/0`), "半");
  await mkdir(inside(".zcbot-upload-mine"));
  const users = await openDirectory(host);
  await removeStaleUploads(users, new Date(Date.now() - 3_600_000));
  expect(await readdir(inside(""))).toContain(left);
  await removeStaleUploads(users, new Date(Date.now() + 3_600_000));
  expect(await readdir(inside(""))).toEqual([".zcbot-upload-mine"]);
});

test("a file, an empty directory or a link itself is deleted, and nothing more", async () => {
  await mkdir(inside("夹/子"), { recursive: true });
  await symlink("夹", inside("链"));
  await symlink("../外面.txt", inside("外"));
  const remove = (path: string): Promise<Response> =>
    fetch(`${url}/delete`, {
      method: "POST",
      body: JSON.stringify({ path }),
      headers: { "Content-Type": "application/json" },
    });
  expect(await code(await remove("夹"))).toEqual([400, "directory_not_empty"]);
  expect(await code(await remove(""))).toEqual([400, "root_not_deletable"]);
  expect(await code(await remove("夹/.."))).toEqual([400, "root_not_deletable"]);
  expect(await code(await remove("没有"))).toEqual([404, "path_not_found"]);
  expect(await code(await remove("../外面.txt"))).toEqual([400, "invalid_path"]);
  for (const path of ["链", "外", "夹/子"]) {
    expect(await (await remove(path)).json()).toEqual({ ok: true, path });
  }
  expect(await readdir(inside(""))).toEqual(["夹"]);
  expect(await readFile(join(host, "外面.txt"), "utf8")).toBe("secret");
});
