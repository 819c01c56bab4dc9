import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, createTask, type TaskAnswer } from "../../support/api/request.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
});
afterAll(() => server.close());

const create = (fields: unknown) => ask<TaskAnswer>(user, "POST", "/v1/tasks", fields);
const onDisk = (directory: string) => join(server.dataDir, "workspace/users", user.userId, directory);

const fields = [
  "approvals",
  "cost",
  "created_at",
  "description",
  "model",
  "model_profile",
  "n_messages",
  "name",
  "skill",
  "status",
  "task_id",
  "tokens",
  "tokens_completion",
  "tokens_prompt",
  "updated_at",
  "working_dir",
];

describe("creating a task", () => {
  test("gives the whole task object, with no messages yet", async () => {
    const { status, body } = await create({ name: "水泥申报", description: " 说明 ", skill: " report " });
    expect(status).toBe(201);
    expect(Object.keys(body).toSorted()).toEqual(fields);
    expect(body).toMatchObject({
      name: "水泥申报",
      description: "说明",
      skill: "report",
      working_dir: `workspace/users/${user.userId}/水泥申报`,
      status: "active",
      tokens_prompt: 0,
      tokens_completion: 0,
      tokens: 0,
      n_messages: 0,
    });
    expect([typeof body.model, typeof body.model_profile]).toEqual(["string", "string"]);
    expect((await ask(user, "GET", `/v1/tasks/${body.task_id}`)).body).toEqual(body);
  });

  test("makes its directory at once", async () => {
    await create({ name: "任务甲", working_dir: "目录 甲" });
    expect((await stat(onDisk("目录 甲"))).isDirectory()).toBe(true);
    await expect(stat(onDisk("任务甲"))).rejects.toThrow();
  });

  test("several tasks may share one directory, one that is there already too", async () => {
    await mkdir(onDisk("共享"), { recursive: true });
    const answers = await Promise.all(
      ["一", "二", "三"].map((name) => create({ name, working_dir: "共享" })),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.working_dir)).size).toBe(1);
  });

  test("a directory whose name begins another's is not one inside the other", async () => {
    for (const name of ["前缀", "前缀二", "前"]) expect((await create({ name })).status).toBe(201);
  });

  test("an empty working directory means the name", async () => {
    for (const working_dir of ["", "   "]) {
      const answer = await create({ name: "默认目录", working_dir });
      expect(answer.body.working_dir).toBe(`workspace/users/${user.userId}/默认目录`);
    }
  });
});

const long = (count: number, character = "长") => character.repeat(count);

/** What a name may be; the directory is given apart, as it has a limit of its own. */
const goodNames: [string, string, kept?: string][] = [
  ["one character", "a"],
  ["Chinese", "水泥申报"],
  ["an emoji", "🏗️"],
  ["a family of emoji", "👨‍👩‍👧‍👦"],
  ["right-to-left text", "مهمة"],
  ["combining marks", "e\u0301"],
  ["spaces within", "a  b"],
  ["dots within", "v1.2.3"],
  ["a dot at the end", "完."],
  ["a dash in front", "-rf"],
  ["quotes and brackets", "\"'`<>|?*:;&$(){}[]#%!~"],
  ["SQL", "'; drop table tasks; --"],
  ["a percent encoding", "%2e%2e%2f"],
  ["look-alikes of a slash", "a∕b⧸c／d"],
  ["255 characters", long(255)],
  ["255 emoji", long(255, "😀")],
  ["255 characters after trimming", ` ${long(255)}\t\n`, long(255)],
  ["spaces around", "  水泥  ", "水泥"],
  ["wide spaces around", "\u3000水泥\u3000", "水泥"],
];
const badNames: [string, string][] = [
  ["nothing", ""],
  ["only spaces", "  \t\n "],
  ["only wide spaces", "\u3000\u2003"],
  ["256 characters", long(256)],
  ["256 letters", long(256, "a")],
  ["256 emoji", long(256, "😀")],
  ["a slash", "a/b"],
  ["only a slash", "/"],
  ["a slash at the end", "a/"],
  ["a backslash", "a\\b"],
  ["a dot", "."],
  ["two dots", ".."],
  ["two dots within", "a..b"],
  ["two dots at the end", "a.."],
  ["an ellipsis of dots", "等等..."],
  ["a dot in front", ".memory"],
  ["a dot in front after trimming", "  .memory"],
  ["a path", "../../etc/passwd"],
  ["a drive's path", "C:\\Windows"],
  ["a newline within", "a\nb"],
  ["a tab within", "a\tb"],
  ["an escape", "a\u001bb"],
  ["DEL", "a\u007fb"],
  ["a C1 control", "a\u0085b"],
  ["NUL", "a\0b"],
];

describe("a name may be", () => {
  test.each(goodNames)("%s", async (_name, name, kept = name) => {
    const answer = await create({ name, working_dir: "名字" });
    expect([answer.status, answer.body.name]).toEqual([201, kept]);
    const patched = await ask<TaskAnswer>(user, "PATCH", `/v1/tasks/${answer.body.task_id}`, { name });
    expect([patched.status, patched.body.name]).toEqual([200, kept]);
  });
});

describe("a name may not be", () => {
  test.each(badNames)("%s", async (_name, name) => {
    const task = await createTask(user, { name: "好名字" });
    expect((await create({ name, working_dir: "名字" })).status).toBe(400);
    expect((await ask(user, "PATCH", `/v1/tasks/${task.task_id}`, { name })).status).toBe(400);
    const unchanged = await ask<TaskAnswer>(user, "GET", `/v1/tasks/${task.task_id}`);
    expect(unchanged.body).toMatchObject({ name: "好名字", updated_at: task.updated_at });
  });
});

describe("a directory's name", () => {
  const notEmpty = badNames.filter(([, name]) => name.trim() !== "");
  test.each(notEmpty)("obeys the same rules: not %s", async (_name, working_dir) => {
    expect((await create({ name: "好名字", working_dir })).status).toBe(400);
  });

  const sizes: [string, string, number][] = [
    ["255 letters are 255 bytes", long(255, "a"), 201],
    ["85 Chinese characters are 255 bytes", long(85), 201],
    ["86 Chinese characters are 258 bytes", long(86), 400],
    ["63 emoji and a letter are 253 bytes", `${long(63, "😀")}a`, 201],
    ["64 emoji are 256 bytes", long(64, "😀"), 400],
  ];
  test.each(sizes)("fits 255 bytes: %s", async (_name, directory, status) => {
    expect((await create({ name: "好名字", working_dir: directory })).status).toBe(status);
    expect((await create({ name: directory })).status).toBe(status);
  });

  test("is trimmed", async () => {
    const answer = await create({ name: "好名字", working_dir: "\u3000修剪 \n" });
    expect(answer.body.working_dir).toBe(`workspace/users/${user.userId}/修剪`);
    expect((await stat(onDisk("修剪"))).isDirectory()).toBe(true);
  });

  test("a refused task leaves no directory behind", async () => {
    expect((await create({ name: "a..b", working_dir: "不该有" })).status).toBe(400);
    await expect(stat(onDisk("不该有"))).rejects.toThrow();
  });
});
