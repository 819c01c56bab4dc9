import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openConnection } from "../../support/api/raw-connection.ts";
import { ask, createTask, readAnswer, type TaskAnswer } from "../../support/api/request.ts";
import { platformKey, startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let task: TaskAnswer;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
  task = await createTask(user);
});
afterAll(() => server.close());

const jsonType = { "Content-Type": "application/json" };
const mebibyte = 2 ** 20;

/** Sends these bytes as they are. */
async function send(path: string, body: string | Uint8Array, headers: Record<string, string> = jsonType) {
  return readAnswer(await user.fetch(path, { method: "POST", headers, body: Buffer.from(body) }));
}

describe("NUL and lone surrogates get 400", () => {
  const unclean: [string, string][] = [
    ["a NUL", "\\u0000"],
    ["a NUL within a word", "水\\u0000泥"],
    ["a lone high surrogate", "\\ud83d"],
    ["a lone low surrogate", "x\\udc00y"],
    ["surrogates in the wrong order", "\\ude00\\ud83d"],
  ];
  const bodies: [string, (text: string) => [path: string, method: string, body: string]][] = [
    ["a task's name", (text) => ["/v1/tasks", "POST", `{"name":"${text}"}`]],
    ["its working directory", (text) => ["/v1/tasks", "POST", `{"name":"好","working_dir":"${text}"}`]],
    ["its description", (text) => ["/v1/tasks", "POST", `{"name":"好","description":"${text}"}`]],
    ["its skill", (text) => ["/v1/tasks", "POST", `{"name":"好","skill":"${text}"}`]],
    ["a field nobody knows", (text) => ["/v1/tasks", "POST", `{"name":"好","more":"${text}"}`]],
    ["a nested value", (text) => ["/v1/tasks", "POST", `{"name":"好","more":[{"a":[1,"${text}"]}]}`]],
    ["a nested key", (text) => ["/v1/tasks", "POST", `{"name":"好","more":{"a":{"${text}":1}}}`]],
    ["a patch", (text) => [`/v1/tasks/${task.task_id}`, "PATCH", `{"description":"${text}"}`]],
    ["a message", (text) => [`/v1/tasks/${task.task_id}/messages`, "POST", `{"content":"${text}"}`]],
    ["a path to delete", (text) => ["/v1/files/delete", "POST", `{"path":"${text}"}`]],
    [
      "a login",
      (text) => ["/v1/auth/login", "POST", `{"user_id":"${text}","platform_key":"${platformKey}"}`],
    ],
    ["a sign-in code", (text) => ["/v1/auth/code", "POST", `{"code":"${text}"}`]],
  ];
  for (const [where, build] of bodies) {
    test.each(unclean)(`in ${where}: %s`, async (_name, text) => {
      const [path, method, body] = build(text);
      const answer = await readAnswer(await user.fetch(path, { method, headers: jsonType, body }));
      expect([answer.status, typeof answer.body.detail]).toEqual([400, "string"]);
    });
  }

  const queries = ["q", "status", "skill", "working_dir", "ordering"];
  test.each(queries)("in the query: %s", async (field) => {
    for (const text of ["%00", "a%00b", "%ED%A0%BD", "%ed%b0%80"]) {
      const answer = await ask(user, "GET", `/v1/tasks?${field}=${text}`);
      expect([text, answer.status]).toEqual([text, 400]);
    }
  });

  test("in a path of files", async () => {
    for (const path of [
      "/v1/files?path=%00",
      "/v1/files/download?path=a%00b",
      "/v1/files/download?path=%ED%A0%BD",
    ]) {
      expect([path, (await ask(user, "GET", path)).status]).toEqual([path, 400]);
    }
  });

  test("whole pairs of surrogates are text like any other", async () => {
    const answer = await send("/v1/tasks", '{"name":"\\ud83d\\ude00 好"}');
    expect(answer).toMatchObject({ status: 201, body: { name: "😀 好" } });
  });
});

describe("a body of the wrong shape gets 422", () => {
  const bodies: [string, string][] = [
    ["nothing", ""],
    ["malformed JSON", '{"name":'],
    ["JSON with a comma too many", '{"name":"好",}'],
    ["single quotes", "{'name':'好'}"],
    ["two values", '{"name":"好"}{}'],
    ["a bare word", "名字"],
    ["NaN", '{"name":NaN}'],
    ["a control character in a string", '{"name":"a\u0001b"}'],
    ["null", "null"],
    ["a string", '"好"'],
    ["a number", "1"],
    ["a list", '[{"name":"好"}]'],
    ["no name", "{}"],
    ["a name that is null", '{"name":null}'],
    ["a name that is a number", '{"name":1}'],
    ["a name beyond all numbers", '{"name":1e999}'],
    ["a name that is true", '{"name":true}'],
    ["a name that is a list", '{"name":["好"]}'],
    ["a name that is an object", '{"name":{"name":"好"}}'],
    ["a description that is a number", '{"name":"好","description":1}'],
    ["a working directory that is a list", '{"name":"好","working_dir":[]}'],
    ["a name only in the prototype", '{"__proto__":{"name":"好"}}'],
  ];
  test.each(bodies)("%s", async (_name, body) => {
    const answer = await send("/v1/tasks", body);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toEqual(
      expect.arrayContaining([{ loc: expect.any(Array), msg: expect.any(String), type: expect.any(String) }]),
    );
  });

  test("the same holds for every body", async () => {
    const paths = [
      ["POST", `/v1/tasks/${task.task_id}/messages`],
      ["PATCH", `/v1/tasks/${task.task_id}`],
      ["POST", "/v1/files/delete"],
      ["POST", "/v1/auth/login"],
      ["POST", "/v1/auth/code"],
    ] as const;
    for (const [method, path] of paths) {
      for (const body of ["[]", "{", "null"]) {
        const answer = await user.fetch(path, { method, headers: jsonType, body });
        expect([path, body, answer.status]).toEqual([path, body, 422]);
      }
    }
  });

  const types = [
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonx",
  ];
  test.each(types)("a body declared as '%s' is not taken for JSON", async (type) => {
    const answer = await send("/v1/tasks", '{"name":"好"}', type ? { "Content-Type": type } : {});
    expect(answer.status).toBe(422);
  });

  test("a content type may carry parameters and any case", async () => {
    const answer = await send("/v1/tasks", '{"name":"好"}', {
      "Content-Type": "Application/JSON; charset=utf-8",
    });
    expect(answer.status).toBe(201);
  });

  const queries = [
    "page=x",
    "page=1.5",
    "page=",
    "page=1e3",
    "page_size=%E5%A4%9A",
    "page=0x10",
    "page_size=--1",
  ];
  test.each(queries)("a query with %s", async (query) => {
    const answer = await ask(user, "GET", `/v1/tasks?${query}`);
    expect([answer.status, Array.isArray(answer.body.detail)]).toEqual([422, true]);
  });
});

describe("what is odd and yet fine", () => {
  test("unknown fields are ignored", async () => {
    const answer = await send("/v1/tasks", '{"name":"好","task_id":"1","user_id":5,"更多":{"a":[null]}}');
    expect(answer).toMatchObject({ status: 201, body: { name: "好" } });
    expect(answer.text).not.toContain("更多");
    expect((await ask(user, "GET", "/v1/tasks?unknown=1&page=1")).status).toBe(200);
  });

  test("a query may be any text", async () => {
    for (const q of ["%", "100%", "a+b", "%25", "&&", "=", "q=%F0%9F%98%80", "q[]=1", "q=1&q=2"]) {
      expect([q, (await user.fetch(`/v1/tasks?${q}`)).status]).toEqual([q, 200]);
    }
  });

  test("of a key that comes twice the last one counts", async () => {
    const answer = await send("/v1/tasks", '{"name":"一","name":"二"}');
    expect(answer).toMatchObject({ status: 201, body: { name: "二" } });
  });

  test("a body may be nested deeply", async () => {
    const depth = 200_000;
    for (const name of ['"好"', "1"]) {
      const body = `{"name":${name},"more":${"[".repeat(depth)}${"]".repeat(depth)}}`;
      expect((await send("/v1/tasks", body)).status).toBe(name === "1" ? 422 : 201);
    }
    expect((await send("/v1/tasks", "[".repeat(500_000))).status).toBe(422);
    expect((await send("/v1/tasks", '{"name":'.repeat(60_000))).status).toBe(422);
  });

  test("invalid UTF-8 is refused", async () => {
    const bad = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf4, 0x90, 0x80, 0x80]];
    for (const bytes of bad) {
      const body = Buffer.concat([Buffer.from('{"name":"好'), Buffer.from(bytes), Buffer.from('"}')]);
      expect([400, 422]).toContain((await send("/v1/tasks", body)).status);
    }
  });

  test("keys of every object's prototype are only keys", async () => {
    const body = '{"name":"好","__proto__":{"skill":"坏"},"constructor":{"prototype":{"skill":"坏"}}}';
    expect((await send("/v1/tasks", body)).body).toMatchObject({ skill: "" });
    expect((await ask<TaskAnswer>(user, "POST", "/v1/tasks", { name: "又一个" })).body.skill).toBe("");
  });
});

describe("limits", () => {
  test("a body of 1 MiB is taken, one byte more gets 413", async () => {
    const fill = (size: number) => {
      const empty = JSON.stringify({ name: "好", more: "" });
      return JSON.stringify({ name: "好", more: "x".repeat(size - Buffer.byteLength(empty)) });
    };
    expect((await send("/v1/tasks", fill(mebibyte))).status).toBe(201);
    const refused = await send("/v1/tasks", fill(mebibyte + 1));
    expect([refused.status, typeof refused.body.code]).toEqual([413, "string"]);
  });

  test("413 comes also where the size is not announced, on a connection that goes on", async () => {
    const connection = await openConnection(server.url);
    const head = (more: string) =>
      `POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.token}\r\n` +
      `Content-Type: application/json\r\n${more}\r\n\r\n`;
    const chunk = Buffer.alloc(64 * 1024, "x");
    connection.send(head("Transfer-Encoding: chunked"));
    for (let sent = 0; sent < 4 * mebibyte; sent += chunk.length) {
      connection.send(`${chunk.length.toString(16)}\r\n`);
      connection.send(chunk);
      connection.send("\r\n");
    }
    connection.send("0\r\n\r\n");
    expect((await connection.nextAnswer())?.status).toBe(413);
    const body = '{"name":"abcd"}';
    connection.send(head(`Content-Length: ${body.length}`) + body);
    expect((await connection.nextAnswer())?.status).toBe(201);
    connection.close();
  });

  test("whoever sends far too much reads 413 and not a broken connection", async () => {
    const connection = await openConnection(server.url);
    const size = 24 * mebibyte;
    const head = `POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.token}\r\nContent-Type: application/json\r\n`;
    connection.send(`${head}Content-Length: ${size}\r\n\r\n`);
    const chunk = Buffer.alloc(mebibyte, "x");
    for (let sent = 0; sent < size; sent += chunk.length) connection.send(chunk);
    expect((await connection.nextAnswer())?.status).toBe(413);
    connection.send(
      `GET /v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.token}\r\n\r\n`,
    );
    expect((await connection.nextAnswer())?.status).toBe(200);
    connection.close();
  });

  test("a refused credential does not cut a body off either", async () => {
    const connection = await openConnection(server.url);
    const size = 4 * mebibyte;
    connection.send(
      `POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`,
    );
    connection.send(Buffer.alloc(size, "x"));
    expect((await connection.nextAnswer())?.status).toBe(401);
    connection.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect((await connection.nextAnswer())?.status).toBe(200);
    connection.close();
  });

  test("the limit can be configured", async () => {
    const small = await startTestServer({ jsonBytes: 2048 });
    try {
      const owner = await small.createUser();
      expect((await ask(owner, "POST", "/v1/tasks", { name: "好", more: "x".repeat(1000) })).status).toBe(
        201,
      );
      expect((await ask(owner, "POST", "/v1/tasks", { name: "好", more: "x".repeat(2048) })).status).toBe(
        413,
      );
    } finally {
      await small.close();
    }
  });
});
