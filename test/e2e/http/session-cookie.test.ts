import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openConnection, type RawAnswer } from "../../support/api/raw-connection.ts";
import { platformKey, startTestServer, type TestServer } from "../../support/server.ts";

/** A page as a browser sends its requests through a proxy that passes the Host on. */
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function post(path: string, json: unknown, headers: Record<string, string>): Promise<RawAnswer> {
  const connection = await openConnection(server.url);
  try {
    const body = JSON.stringify(json);
    const lines = Object.entries({ ...headers, "Content-Type": "application/json" });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    connection.send(
      `POST ${path} HTTP/1.1\r\n${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    const answer = await connection.nextAnswer();
    if (!answer) throw new Error("no answer");
    return answer;
  } finally {
    connection.close();
  }
}

async function signIn(headers: Record<string, string>): Promise<string> {
  const login = { user_id: randomUUID(), platform_key: platformKey, session: true };
  const { head } = await post("/v1/auth/login", login, headers);
  return /^set-cookie: (.*)\r$/im.exec(head)?.[1] ?? "";
}

test("the cookie of a page that came over https never goes in the clear; over http it still works", async () => {
  const secure = await signIn({ Host: "zcbot.example", Origin: "https://zcbot.example" });
  expect(secure).toMatch(/^__Host-zcbot_session=\S+; Path=\/; .*HttpOnly; SameSite=Strict; Secure$/);
  const plain = await signIn({ Host: "127.0.0.1", Origin: "http://127.0.0.1" });
  expect(plain).toMatch(/^zcbot_session=\S+; .*HttpOnly; SameSite=Strict$/);
});

test("behind a proxy that passes the Host on, the page's requests are its own and a foreign page's are not", async () => {
  const page = { Host: "zcbot.example", Origin: "https://zcbot.example" };
  const Cookie = (await signIn(page)).split(";", 1).join("");
  expect((await post("/v1/tasks", { name: "任务" }, { ...page, Cookie })).status).toBe(201);
  for (const Origin of [
    "https://evil.example",
    "https://zcbot.example.evil.example",
    "null",
    "https://zcbot.example:444",
  ]) {
    const answer = await post("/v1/tasks", { name: "任务" }, { ...page, Origin, Cookie });
    expect([Origin, answer.status, JSON.parse(answer.body).code]).toEqual([Origin, 403, "invalid_origin"]);
  }
});
