import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let root: string;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
  await user.fetch("/v1/files");
  root = join(server.dataDir, "workspace/users", user.userId);
});
afterAll(() => server.close());

const raw = (path: string, init: RequestInit = {}) =>
  user.fetch(`/v1/files/raw?path=${encodeURIComponent(path)}`, init);

async function headersOf(name: string, content = "x"): Promise<Headers> {
  await writeFile(join(root, name), content);
  const answer = await raw(name);
  expect([name, answer.status, await answer.text()]).toEqual([name, 200, content]);
  return answer.headers;
}

test("a file is shown under the type of its extension, whatever is in it", async () => {
  const types: [name: string, type: string][] = [
    ["图.png", "image/png"],
    ["图.JPG", "image/jpeg"],
    ["图.svg", "image/svg+xml"],
    ["页.html", "text/html; charset=utf-8"],
    ["文.pdf", "application/pdf"],
    ["表.csv", "text/csv; charset=utf-8"],
    ["数.json", "application/json; charset=utf-8"],
    ["说明.md", "text/plain; charset=utf-8"],
    ["程序.js", "text/plain; charset=utf-8"],
    ["样式.css", "text/plain; charset=utf-8"],
    ["数据.xml", "text/plain; charset=utf-8"],
    ["声.mp3", "audio/mpeg"],
    ["影.mp4", "video/mp4"],
  ];
  for (const [name, type] of types) {
    const headers = await headersOf(name, "<script>alert(1)</script>");
    expect([name, headers.get("content-type")]).toEqual([name, type]);
    expect(headers.get("content-disposition")).toBe(`inline; filename*=UTF-8''${encodeURIComponent(name)}`);
  }
});

test("what is shown can do nothing: no script, nothing fetched, an origin of its own, no other site's frame", async () => {
  for (const name of ["图.png", "图.svg", "页.html", "文.pdf", "表.csv", "影.mp4", "文.txt"]) {
    const headers = await headersOf(name);
    const policy = headers.get("content-security-policy") ?? "";
    // A browser starts no PDF viewer in a sandbox; the viewer is an origin of its own.
    expect([name, policy.startsWith("sandbox;")]).toEqual([name, name !== "文.pdf"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'self'");
    expect(policy).not.toMatch(/allow-|script-src|https?:|\*/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("SAMEORIGIN");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-dns-prefetch-control")).toBe("off");
    expect(headers.get("cache-control")).toBe("private, no-cache");
  }
});

test("a file of any other name is only a download", async () => {
  for (const name of [
    "程序",
    "库.exe",
    "页.xhtml",
    "页.html ",
    "页.html\u200b",
    "页.svgz",
    ".html.",
    "包.zip",
    "页.shtml",
  ]) {
    const headers = await headersOf(name, "<script>alert(1)</script>");
    expect([name, headers.get("content-type")]).toEqual([name, "application/octet-stream"]);
    expect([name, headers.get("content-disposition")?.split(";")[0]]).toEqual([name, "attachment"]);
    expect(headers.get("x-frame-options")).toBe("DENY");
  }
});

test("a part, an unchanged file and HEAD are answered as for downloads", async () => {
  await writeFile(join(root, "影.webm"), "0123456789");
  const part = await raw("影.webm", { headers: { Range: "bytes=2-4" } });
  expect([part.status, await part.text(), part.headers.get("content-range")]).toEqual([
    206,
    "234",
    "bytes 2-4/10",
  ]);
  expect(part.headers.get("content-type")).toBe("video/webm");
  const etag = part.headers.get("etag") ?? "";
  expect((await raw("影.webm", { headers: { "If-None-Match": etag } })).status).toBe(304);
  const head = await raw("影.webm", { method: "HEAD", headers: { Range: "bytes=2-4" } });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "10", ""]);
});

test("the page's cookie is enough, and nothing leads to the files of others", async () => {
  await writeFile(join(root, "私.txt"), "私");
  const cookie = `zcbot_session=${user.token}`;
  const address = `${server.url}/v1/files/raw?path=${encodeURIComponent("私.txt")}`;
  const seen = await fetch(address, { headers: { Cookie: cookie } });
  expect([seen.status, await seen.text()]).toEqual([200, "私"]);
  expect((await fetch(address)).status).toBe(401);
  const other = await server.createUser();
  expect((await other.fetch("/v1/files/raw?path=%E7%A7%81.txt")).status).toBe(404);
  for (const path of ["../x.txt", "/etc/passwd", "a/../../b.html"])
    expect((await raw(path)).status).toBe(400);
  expect((await raw("")).status).toBe(400);
});
