import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { encodeForm, type FormPart, formType, listFiles, upload } from "../../support/api/multipart.ts";
import { openConnection } from "../../support/api/raw-connection.ts";
import { ask } from "../../support/api/request.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let root: string;

beforeAll(async () => {
  server = await startTestServer({ uploadBytes: 100_000, uploadFiles: 5 });
});
beforeEach(async () => {
  user = await server.createUser();
  root = join(server.dataDir, "workspace/users", user.userId);
  await listFiles(user);
});
afterAll(() => server.close());

const file = (filename: string, content: string | Uint8Array = "内容"): FormPart => ({ filename, content });
const path = (content: string): FormPart => ({ name: "path", content });
/** Everything below the user's root, hidden and unfinished files included. */
const everything = async () => (await readdir(root, { recursive: true })).toSorted();

describe("uploading", () => {
  test("stores files, makes the directories, and says what it saved", async () => {
    const answer = await upload(user, [
      path("报告/二〇二六"),
      file("水泥 第一章.md", "# 水泥"),
      file("空.txt", ""),
    ]);
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        count: 2,
        saved: [
          { name: "水泥 第一章.md", size: 8, rel: "报告/二〇二六/水泥 第一章.md" },
          { name: "空.txt", size: 0, rel: "报告/二〇二六/空.txt" },
        ],
      },
    ]);
    expect(await readFile(join(root, "报告/二〇二六/水泥 第一章.md"), "utf8")).toBe("# 水泥");
  });

  test("takes the form of a browser", async () => {
    const form = new FormData();
    form.append("path", "浏览器");
    form.append("files", new Blob(["一"]), "一.txt");
    form.append("files", new Blob(["二"]), "二 号.txt");
    const answer = await user.fetch("/v1/files/upload", { method: "POST", body: form });
    expect(answer.status).toBe(200);
    expect((await listFiles(user, "浏览器")).entries.map(({ name }) => name)).toEqual([
      "一.txt",
      "二 号.txt",
    ]);
  });

  test("fields may come in any order", async () => {
    for (const parts of [
      [file("一.txt"), path("后来"), file("二.txt")],
      [file("一.txt"), file("二.txt"), path("最后")],
    ]) {
      const directory = String(parts.find(({ name }) => name === "path")?.content);
      const answer = await upload(user, parts);
      expect(answer.body.saved.map(({ rel }) => rel)).toEqual([`${directory}/一.txt`, `${directory}/二.txt`]);
      expect(await readFile(join(root, directory, "一.txt"), "utf8")).toBe("内容");
      expect(existsSync(join(root, "一.txt"))).toBe(false);
    }
  });

  test("without a path, or with an empty one, goes to the root", async () => {
    for (const parts of [[file("一.txt")], [path(""), file("二.txt")], [path("."), file("三.txt")]]) {
      expect((await upload(user, parts)).status).toBe(200);
    }
    expect(await everything()).toEqual(["一.txt", "三.txt", "二.txt"].toSorted());
  });

  test("keeps every byte", async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7919) % 256));
    expect((await upload(user, [file("字节.bin", bytes)])).body.saved[0]?.size).toBe(bytes.length);
    expect((await readFile(join(root, "字节.bin"))).equals(bytes)).toBe(true);
  });

  test("replaces a file of the same name", async () => {
    await upload(user, [file("同名.txt", "旧的，比较长")]);
    await upload(user, [file("同名.txt", "新")]);
    expect(await readFile(join(root, "同名.txt"), "utf8")).toBe("新");
    expect(await everything()).toEqual(["同名.txt"]);
  });

  test("replaces a link of that name, never what it leads to", async () => {
    await writeFile(join(server.dataDir, "外面.txt"), "机密");
    await symlink(join(server.dataDir, "外面.txt"), join(root, "链.txt"));
    const answer = await upload(user, [file("链.txt", "坏")]);
    expect([200, 400]).toContain(answer.status);
    expect(await readFile(join(server.dataDir, "外面.txt"), "utf8")).toBe("机密");
  });

  test("whoever reads while a file is replaced sees the old or the new", async () => {
    const contents = ["a".repeat(90_000), "b".repeat(90_000)];
    await upload(user, [file("原子.txt", contents[0])]);
    let over = false;
    const reading = (async () => {
      while (!over) {
        const answer = await ask<string>(user, "GET", "/v1/files/download?path=原子.txt");
        expect(contents).toContain(answer.text);
      }
    })();
    for (let round = 0; round < 15; round += 1) await upload(user, [file("原子.txt", contents[round % 2])]);
    over = true;
    await reading;
  });
});

describe("a bad name gets 400 and nothing of that request is kept", () => {
  const bad: [string, FormPart][] = [
    ["a slash", file("a/b.txt")],
    ["a path out", file("../../坏.txt")],
    ["an absolute path", file("/etc/坏")],
    ["a backslash", file("a\\\\b.txt")],
    ["a Windows path", file("C:\\\\x\\\\坏.txt")],
    ["two dots", file("..")],
    ["a dot", file(".")],
    ["nothing", file("")],
    ["256 bytes", file("a".repeat(256))],
    ["86 Chinese characters", file("长".repeat(86))],
    [
      "an encoded path out",
      { disposition: `form-data; name="files"; filename*=UTF-8''..%2F..%2F%E5%9D%8F.txt` },
    ],
  ];
  test.each(bad)("%s", async (_name, part) => {
    for (const parts of [
      [path("目标"), file("先.txt"), part, file("后.txt")],
      [part, path("目标")],
    ]) {
      expect((await upload(user, parts)).status).toBe(400);
      expect((await everything()).filter((name) => name !== "目标")).toEqual([]);
    }
  });

  test("and files that were there stay as they were", async () => {
    await upload(user, [file("旧.txt", "旧")]);
    expect((await upload(user, [file("旧.txt", "新"), file("../坏.txt")])).status).toBe(400);
    expect(await readFile(join(root, "旧.txt"), "utf8")).toBe("旧");
  });

  test("names of 255 bytes are good", async () => {
    for (const name of [
      "a".repeat(255),
      "长".repeat(85),
      "表情😀.txt",
      "e\u0301.txt",
      "-rf",
      "$(id)",
      ".隐藏",
    ]) {
      expect([name, (await upload(user, [file(name)])).body.saved]).toEqual([
        name,
        [{ name, size: 6, rel: name }],
      ]);
    }
  });
});

describe("a bad target", () => {
  const targets: [string, string][] = [
    ["out by ..", "../外面"],
    ["absolute", "/tmp"],
    ["a leading backslash", "\\x"],
    ["a NUL", "a\0b"],
    ["through a link to the outside", "链接/x"],
    ["a name too long for the disk", "长".repeat(86)],
    ["a file", "文件.txt"],
    ["below a file", "文件.txt/x"],
  ];
  test.each(targets)("%s gets 400", async (_name, target) => {
    await writeFile(join(root, "文件.txt"), "文件");
    await mkdir(join(server.dataDir, "外面"), { recursive: true });
    await symlink(join(server.dataDir, "外面"), join(root, "链接"));
    for (const parts of [
      [path(target), file("坏.txt")],
      [file("坏.txt"), path(target)],
    ]) {
      expect((await upload(user, parts)).status).toBe(400);
    }
    expect(await everything()).not.toContain("坏.txt");
    expect(existsSync(join(server.dataDir, "外面/x"))).toBe(false);
    expect(await readFile(join(root, "文件.txt"), "utf8")).toBe("文件");
  });

  test("a directory of the file's name is not replaced", async () => {
    await mkdir(join(root, "目录"));
    expect((await upload(user, [file("目录")])).status).toBe(400);
    expect(await everything()).toEqual(["目录"]);
  });
});

describe("odd requests", () => {
  test("no files get 400", async () => {
    for (const parts of [[], [path("目标")], [{ name: "files", content: "只是文字" }]]) {
      const { status } = await upload(user, parts);
      expect([400, 422]).toContain(status);
    }
    expect((await upload(user, [path("目标")])).status).toBe(400);
  });

  test("files under another field's name are none of ours", async () => {
    const { status } = await upload(user, [{ name: "other", filename: "别的.txt", content: "x" }]);
    expect([400, 422]).toContain(status);
    expect(await everything()).toEqual([]);
  });

  test("JSON where a form is wanted reads no file of the server", async () => {
    const json = { path: "", files: [{ filename: "偷.txt", filepath: "/etc/passwd", path: "/etc/passwd" }] };
    expect((await ask(user, "POST", "/v1/files/upload", json)).status).toBe(422);
    expect(await everything()).toEqual([]);
  });

  const malformed: [string, () => Promise<{ status: number }>][] = [
    ["no boundary", () => upload(user, [file("x.txt")], { type: "multipart/form-data" })],
    [
      "another boundary",
      () => upload(user, [file("x.txt")], { type: "multipart/form-data; boundary=other" }),
    ],
    ["no end", () => upload(user, [file("x.txt")], { end: false })],
    [
      "a boundary too long",
      () => upload(user, [file("x.txt")], { type: `multipart/form-data; boundary=${"x".repeat(500)}` }),
    ],
    ["a NUL in a name", () => upload(user, [file("a\0b.txt")])],
    ["another type", () => upload(user, [file("x.txt")], { type: "application/octet-stream" })],
  ];
  test.each(malformed)("%s is refused and leaves nothing", async (_name, send) => {
    const { status } = await send();
    expect([400, 422]).toContain(status);
    expect(await everything()).toEqual([]);
  });

  test("a form broken off half way leaves nothing", async () => {
    const body = encodeForm([path("半"), file("半.bin", "x".repeat(50_000))]);
    const connection = await openConnection(server.url);
    connection.send(
      `POST /v1/files/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.token}\r\n` +
        `Content-Type: ${formType}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    connection.send(body.subarray(0, 30_000));
    await expect.poll(async () => (await everything()).length).toBeGreaterThanOrEqual(0);
    connection.close();
    await expect.poll(async () => (await everything()).filter((name) => name !== "半")).toEqual([]);
  });
});

describe("limits", () => {
  test("a file of the limit is taken, one byte more gets 413 and leaves nothing", async () => {
    expect((await upload(user, [file("够.bin", "x".repeat(100_000))])).status).toBe(200);
    const answer = await upload(user, [file("好.txt"), file("多.bin", "x".repeat(100_001))]);
    expect([answer.status, answer.body.code]).toEqual([413, expect.any(String)]);
    expect(await everything()).toEqual(["够.bin"]);
  });

  test("as many files as the limit are taken, one more gets 413 and leaves nothing", async () => {
    const files = (count: number) => Array.from({ length: count }, (_, index) => file(`第${index}.txt`));
    expect((await upload(user, files(6))).status).toBe(413);
    expect(await everything()).toEqual([]);
    expect((await upload(user, files(5))).body.count).toBe(5);
  });

  test("whoever sends far too much reads 413 on a connection that goes on", async () => {
    const body = encodeForm([file("多.bin", Buffer.alloc(12 * 2 ** 20, "x"))]);
    const connection = await openConnection(server.url);
    const head = `HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.token}\r\n`;
    connection.send(
      `POST /v1/files/upload ${head}Content-Type: ${formType}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    connection.send(body);
    expect((await connection.nextAnswer())?.status).toBe(413);
    connection.send(`GET /v1/files ${head}\r\n`);
    expect((await connection.nextAnswer())?.status).toBe(200);
    connection.close();
    expect(await everything()).toEqual([]);
  });

  test("fields that are no files have limits too", async () => {
    const many = Array.from({ length: 20_000 }, () => ({ name: "x", content: "" }));
    expect((await upload(user, [path("a/".repeat(1_000_000)), file("x.txt")])).status).toBeGreaterThanOrEqual(
      400,
    );
    const { status } = await upload(user, [...many, file("x.txt")]);
    expect(status).toBeLessThan(500);
  });
});
