import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { encodeForm, formType, listFiles, upload } from "../../support/api/multipart.ts";
import { openConnection } from "../../support/api/raw-connection.ts";
import { ask, createTask, type StoredMessage } from "../../support/api/request.ts";
import { finishRun, readMessages } from "../../support/api/runs.ts";
import { calls, says } from "../../support/model-turn.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

const mebibyte = 2 ** 20;
let server: TestServer;
let user: TestUser;
let root: string;

beforeAll(async () => {
  server = await startTestServer({ userBytes: 2 * mebibyte, freeBytes: 0 });
});
afterAll(() => server.close());
beforeEach(async () => {
  user = await server.createUser();
  root = join(server.dataDir, "workspace/users", user.userId);
  await mkdir(root, { recursive: true });
});

const file = (name: string, size: number) => ({ filename: name, content: new Uint8Array(size).fill(120) });

test("an upload that does not fit is refused with what to do, and nothing of it is kept", async () => {
  expect((await upload(user, [file("一.bin", mebibyte)])).status).toBe(200);
  const refused = await upload(user, [file("小.txt", 10), file("二.bin", 1.5 * mebibyte)]);
  expect([refused.status, refused.body.code]).toEqual([507, "quota_exceeded"]);
  expect(refused.text).toContain("Delete some");
  expect(await readdir(root)).toEqual(["一.bin"]);
});

test("an upload of unknown length is cut where the room ends", async () => {
  const body = encodeForm([file("大.bin", 8 * mebibyte)]);
  const connection = await openConnection(server.url);
  connection.send(
    `POST /v1/files/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.token}\r\n` +
      `Content-Type: ${formType}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  connection.send(`${body.length.toString(16)}\r\n`);
  connection.send(body);
  connection.send("\r\n0\r\n\r\n");
  const answer = await connection.nextAnswer();
  expect([answer?.status, answer?.body]).toEqual([507, expect.stringContaining("quota_exceeded")]);
  connection.close();
  expect(await readdir(root)).toEqual([]);
});

test("an upload whose length is known is refused before it is received", async () => {
  const connection = await openConnection(server.url);
  connection.send(
    `POST /v1/files/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.token}\r\n` +
      `Content-Type: ${formType}\r\nContent-Length: ${3 * mebibyte}\r\n\r\n`,
  );
  // Only now anything is sent, and of no form at all.
  connection.send(Buffer.alloc(3 * mebibyte));
  expect((await connection.nextAnswer())?.status).toBe(507);
  connection.close();
});

test("who is beyond the quota reads, deletes, lists and chats, but neither uploads nor writes", async () => {
  await writeFile(join(root, "旧.txt"), "旧");
  await writeFile(join(root, "大.bin"), new Uint8Array(4 * mebibyte).fill(120));
  expect((await upload(user, [file("新.txt", 1)])).body.code).toBe("quota_exceeded");
  expect((await listFiles(user)).entries.map(({ name }) => name).sort()).toEqual(["大.bin", "旧.txt"].sort());
  expect(await (await user.fetch(`/v1/files/download?path=${encodeURIComponent("旧.txt")}`)).text()).toBe(
    "旧",
  );

  const task = await createTask(user, { name: "满了" });
  server.models.script(calls("write", { path: "记.txt", content: "记" }), says("写不下。"));
  await finishRun(user, task.task_id, "记下来");
  const address = `/v1/tasks/${task.task_id}/messages`;
  const { body } = await ask<{ messages: StoredMessage[] }>(user, "GET", address);
  expect(body.messages.map(({ payload }) => payload.role)).toEqual([
    "user",
    "assistant",
    "tool",
    "assistant",
  ]);
  expect(body.messages[2]?.payload.content).toContain("disk space that you have. Delete some");

  expect((await ask(user, "POST", "/v1/files/delete", { path: "大.bin" })).status).toBe(200);
  expect((await upload(user, [file("新.txt", 1)])).status).toBe(200);
});

/** What the model reads of one command. */
async function runBash(command: string): Promise<string> {
  const task = await createTask(user);
  server.models.script(calls("bash", { command }), says("好。"));
  await finishRun(user, task.task_id, "做");
  return String((await readMessages(user, task.task_id))[2]?.payload.content);
}

test("a command that outgrows the room is ended, and its result says why", async () => {
  // Many small files: no limit of one file's size ends it.
  const result = await runBash("for i in $(seq 100000); do head -c 100000 /dev/zero > f$i; done; echo 完");
  expect(result).toContain("disk space that you have. Delete some");
  expect(result).not.toContain("完");
});

test("a command that is begun beyond the quota frees space, but lets no file grow", async () => {
  await writeFile(join(root, "大.bin"), new Uint8Array(4 * mebibyte).fill(120));
  expect((await upload(user, [file("新.txt", 1)])).status).toBe(507);
  expect(await runBash("touch 空; head -c 4096 /dev/zero > 新.bin")).toContain(
    "room for; delete what is not needed",
  );
  expect(await runBash("rm 空 新.bin; echo 删了")).toContain("删了");
  await rm(join(root, "大.bin"));
});

test("what one user takes is no other's", async () => {
  await writeFile(join(root, "大.bin"), new Uint8Array(4 * mebibyte).fill(120));
  expect((await upload(user, [file("新.txt", 1)])).status).toBe(507);
  const other = await server.createUser();
  expect((await upload(other, [file("新.txt", mebibyte)])).status).toBe(200);
});

test("with the disk below its floor nobody writes, and reading goes on", async () => {
  const tight = await startTestServer({ freeBytes: 2 ** 50 });
  try {
    const person = await tight.createUser();
    const answer = await upload(person, [file("新.txt", 1)]);
    expect([answer.status, answer.body.code]).toEqual([507, "disk_full"]);
    expect((await listFiles(person)).entries).toEqual([]);
    const task = await createTask(person);
    tight.models.script(says("你好"));
    await finishRun(person, task.task_id, "你好");
  } finally {
    await tight.close();
  }
});
