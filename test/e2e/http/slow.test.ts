import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openConnection, type RawAnswer, type RawConnection } from "../../support/api/raw-connection.ts";
import { ask } from "../../support/api/request.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/** Gives headers and bodies two seconds each. */
let server: TestServer;
let user: TestUser;
beforeAll(async () => {
  server = await startTestServer({ headersMs: 2_000, bodyMs: 2_000 });
  user = await server.createUser();
});
afterAll(() => server.close());

interface Problem {
  code: string;
  detail: string;
  request_id: string;
}

/** The answer has to be in the error form, and the last one on its connection. */
async function expectRefusal(answer: RawAnswer | null, connection: RawConnection): Promise<[number, string]> {
  if (!answer) throw new Error("closed without an answer");
  const { code, detail, request_id } = JSON.parse(answer.body) as Problem;
  expect([detail, request_id]).toEqual([
    expect.stringMatching(/^[A-Z].*\.$/),
    expect.stringMatching(/^[0-9a-f-]{36}$/),
  ]);
  expect(answer.head).toMatch(/^connection: close\r?$/im);
  expect(answer.head.toLowerCase()).toContain(`x-request-id: ${request_id}`);
  expect(await connection.nextAnswer()).toBeNull();
  return [answer.status, code];
}

/** Begins requests that never come to their end; a byte now and then does not help them. */
async function startSlow(kind: number): Promise<{ connection: RawConnection; stop: () => void }> {
  const connection = await openConnection(server.url);
  const head = `Host: x\r\nAuthorization: Bearer ${user.token}\r\n`;
  const json = `Content-Type: application/json\r\nContent-Length: 1000\r\n`;
  const form = `Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n`;
  const part = `--x\r\nContent-Disposition: form-data; name="files"; filename="慢.txt"\r\n\r\n`;
  const beginnings = [
    "",
    "GET /v1/tasks HT",
    `GET /v1/tasks HTTP/1.1\r\n${head}X: `,
    `POST /v1/tasks HTTP/1.1\r\n${head}${json}\r\n{"name":"`,
    `POST /v1/tasks HTTP/1.1\r\n${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n{`,
    `POST /v1/auth/login HTTP/1.1\r\nHost: x\r\n${json}\r\n{`,
    `POST /v1/files/upload HTTP/1.1\r\n${head}${form}\r\n${part}`,
    `POST /v1/files/upload HTTP/1.1\r\n${head}${form}\r\n`,
  ];
  connection.send(beginnings[kind % beginnings.length] ?? "");
  const drip = setInterval(() => {
    if (connection.socket.writable && kind % beginnings.length > 1) connection.send("x");
  }, 100);
  return { connection, stop: () => clearInterval(drip) };
}

test("200 connections that send next to nothing keep nobody waiting, and each of them gets 408", async () => {
  const slow = await Promise.all(Array.from({ length: 200 }, (_, index) => startSlow(index)));
  let others = 0;
  let over = false;
  const answers = Promise.all(
    slow.map(async ({ connection, stop }) => {
      const answer = await connection.nextAnswer();
      stop();
      return await expectRefusal(answer, connection);
    }),
  ).finally(() => {
    over = true;
  });
  while (!over) {
    expect((await ask(user, "GET", "/v1/tasks")).status).toBe(200);
    others += 1;
  }
  expect(new Set((await answers).map(([status, code]) => `${status} ${code}`))).toEqual(
    new Set(["408 request_timeout"]),
  );
  expect(others).toBeGreaterThan(10);
  // Nothing of the uploads is kept.
  const files = await ask<{ entries: unknown[] }>(user, "GET", "/v1/files");
  expect(files.body.entries).toEqual([]);
});

const malformed: [name: string, bytes: string | Buffer, status: number][] = [
  ["no HTTP", "没有协议\r\n\r\n", 400],
  ["a greeting of TLS", Buffer.from("16030100c8010000c40303", "hex"), 400],
  ["a greeting of SSH", "SSH-2.0-OpenSSH_9.0\r\n", 400],
  ["a greeting of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ["zeros", Buffer.alloc(1000), 400],
  ["an unknown method", "没有 / HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["a method in lower case", "get / HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["HTTP/9.9", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400],
  ["a space in the address", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["a NUL in the address", "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["no colon", "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400],
  ["a space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400],
  ["a folded line", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400],
  ["a bare line feed in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n", 400],
  ["a carriage return in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400],
  ["a NUL in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 400],
  ["a name in Chinese", "GET / HTTP/1.1\r\nHost: x\r\n名字: x\r\n\r\n", 400],
  [
    "two lengths",
    "POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    400,
  ],
  [
    "a length and chunks",
    "POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    400,
  ],
  [
    "chunks and a length",
    "POST /v1/tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
    400,
  ],
  ["a negative length", "POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400],
  ["a length in words", "POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n", 400],
  [
    "a length beyond numbers",
    `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: ${"9".repeat(40)}\r\n\r\n`,
    400,
  ],
  [
    "an encoding behind chunks",
    "POST /v1/tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    400,
  ],
  [
    "an encoding that looks like chunks",
    "POST /v1/tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
    400,
  ],
  ["headers of 20 KB", `GET / HTTP/1.1\r\nHost: x\r\nA: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ["an address of 20 KB", `GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
  ["300 headers", `GET / HTTP/1.1\r\nHost: x\r\n${"a: b\r\n".repeat(300)}\r\n`, 431],
  ["3,000 headers", `GET / HTTP/1.1\r\nHost: x\r\n${"a:\r\n".repeat(3_000)}\r\n`, 431],
];

describe("what is no HTTP, or too much of it", () => {
  test.each(malformed)(
    "%s is answered in the error form, and the connection closed",
    async (_name, bytes, status) => {
      const connection = await openConnection(server.url);
      connection.send(bytes);
      const [given, code] = await expectRefusal(await connection.nextAnswer(), connection);
      expect([given, code]).toEqual([status, status === 431 ? "headers_too_large" : "malformed_request"]);
    },
  );

  test("chunks that are none end the connection, whatever was being answered, and the server goes on", async () => {
    const head = `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    for (const chunk of [
      "zz\r\n",
      "-1\r\n",
      "0x3\r\nabc\r\n",
      `${"f".repeat(20)}\r\n`,
      "3\r\nabcd\r\n",
      `1;${"x".repeat(20_000)}\r\n`,
    ]) {
      const connection = await openConnection(server.url);
      connection.send(head + chunk);
      expect([chunk, (await connection.nextAnswer())?.status ?? "closed"]).not.toEqual([chunk, 201]);
      connection.close();
    }
    expect((await ask(user, "GET", "/v1/me")).status).toBe(200);
  });

  test("an expectation that nobody knows, and a wish for a tunnel, end nothing", async () => {
    const connection = await openConnection(server.url);
    connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: 奇迹\r\n\r\n");
    expect((await connection.nextAnswer())?.status).toBe(200);
    connection.send("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    expect((await connection.nextAnswer())?.status ?? "closed").not.toBe(200);
    connection.close();
    expect((await ask(user, "GET", "/v1/me")).status).toBe(200);
  });
});

test("of 500 requests sent at once on one connection the first are answered, the others put off, in order", async () => {
  const connection = await openConnection(server.url);
  const head = `Host: x\r\nAuthorization: Bearer ${user.token}\r\n\r\n`;
  connection.send(`GET /v1/tasks HTTP/1.1\r\n${head}`.repeat(500));
  const statuses: number[] = [];
  for (let answer = await connection.nextAnswer(); answer; answer = await connection.nextAnswer()) {
    statuses.push(answer.status);
  }
  expect(statuses.slice(0, 32)).toEqual(Array(32).fill(200));
  expect(statuses.indexOf(429)).toBe(32);
  expect(statuses.filter((status) => status === 200).length).toBeLessThan(200);
  expect((await ask(user, "GET", "/v1/me")).status).toBe(200);
});
