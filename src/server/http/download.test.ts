import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type FileServer,
  pathQuery,
  refusal,
  startFileServer,
  until,
} from "../../../test/support/file-server.ts";

let server: FileServer;

beforeEach(async () => {
  server = await startFileServer();
});
afterEach(() => server.close());

function download(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
  return fetch(`${server.url}/download${pathQuery(path)}`, { headers, method });
}

function descriptors(): number {
  return readdirSync("/proc/self/fd", { withFileTypes: false }).length;
}

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
    await writeFile(server.inside(name), name);
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
  await mkdir(server.inside("夹"));
  await symlink("../外面.txt", server.inside("外"));
  execFileSync("mkfifo", [server.inside("管")]);
  expect(await refusal(await download("夹"))).toEqual([400, "not_a_file"]);
  expect(await refusal(await download("管"))).toEqual([400, "not_a_file"]);
  expect(await refusal(await download(""))).toEqual([400, "not_a_file"]);
  expect(await refusal(await download("没有"))).toEqual([404, "path_not_found"]);
  for (const path of ["外", "../外面.txt", "/etc/passwd", "夹/../../外面.txt"]) {
    expect(await refusal(await download(path))).toEqual([400, "invalid_path"]);
  }
});

test("ranges, conditions and HEAD are answered as HTTP has them", async () => {
  await writeFile(server.inside("数.txt"), "0123456789");
  await writeFile(server.inside("空.txt"), "");
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
    expect(await refusal(refused)).toEqual([416, "range_not_satisfiable"]);
  }
  expect((await download("数.txt", { Range: "bytes=1-1", "If-Range": etag })).status).toBe(206);
  expect((await download("数.txt", { Range: "bytes=1-1", "If-Range": '"other"' })).status).toBe(200);
  const known = await download("数.txt", { "If-None-Match": `"x", W/${etag}` });
  expect([known.status, await known.text(), known.headers.get("ETag")]).toEqual([304, "", etag]);
  const head = await download("数.txt", {}, "HEAD");
  expect([head.status, head.headers.get("Content-Length"), await head.text()]).toEqual([200, "10", ""]);
  expect(await (await download("空.txt")).text()).toBe("");
  await writeFile(server.inside("数.txt"), "9876543210");
  expect((await download("数.txt", { "If-None-Match": etag })).status).toBe(200);
});

test("a download that is broken off closes the file", async () => {
  execFileSync("truncate", ["-s", "200M", server.inside("大")]);
  const before = descriptors();
  for (let turn = 0; turn < 5; turn++) {
    const stop = new AbortController();
    const response = await fetch(`${server.url}/download${pathQuery("大")}`, { signal: stop.signal });
    await response.body?.getReader().read();
    stop.abort();
  }
  await (await download("大", {}, "HEAD")).text();
  await (await download("大", { Range: "bytes=0-9" })).text();
  server.http.closeAllConnections();
  const opened = (): number =>
    execFileSync("ls", ["-l", `/proc/${process.pid}/fd`], { encoding: "utf8" }).split(server.inside("大"))
      .length - 1;
  await until(() => opened() === 0);
  expect(descriptors()).toBeLessThan(before + 20);
});
