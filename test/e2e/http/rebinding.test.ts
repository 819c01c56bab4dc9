import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openConnection, type RawAnswer } from "../../support/api/raw-connection.ts";
import { ask, stranger } from "../../support/api/request.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/**
 * Names that a page's own server made point to this machine: for the browser the page and zcbot are then one origin,
 * and only the Host tells them apart.
 */
let local: TestServer;
let port: string;
/** The local user's session. */
let cookie: string;
let person: Pick<TestUser, "fetch">;

beforeAll(async () => {
  local = await startTestServer({ platformKey: undefined, jwtSecret: undefined });
  port = new URL(local.url).port;
  const code = local.server.signInLink?.split("#code=")[1];
  const { headers } = await ask(stranger(local.url), "POST", "/v1/auth/code", { code });
  cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
  person = stranger(local.url, { Cookie: cookie, Origin: local.url });
  await ask(person, "POST", "/v1/tasks", { name: "机密任务" });
});
afterAll(() => local.close());

async function send(
  url: string,
  method: string,
  path: string,
  lines: string[],
  body = "",
): Promise<RawAnswer | null> {
  const connection = await openConnection(url);
  try {
    const more =
      body === "" ? [] : ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`];
    connection.send(`${method} ${path} HTTP/1.1\r\n${[...lines, ...more, "", ""].join("\r\n")}${body}`);
    return await connection.nextAnswer();
  } finally {
    connection.close();
  }
}

const foreign: Record<string, (port: string) => string[]> = {
  "a foreign name": (port) => [`Host: evil.example:${port}`],
  "a foreign name without the port": () => ["Host: evil.example"],
  "a name below ours": (port) => [`Host: localhost.evil.example:${port}`],
  "our address as a name below": (port) => [`Host: 127.0.0.1.evil.example:${port}`],
  "a name that leads here": (port) => [`Host: 127.0.0.1.nip.io:${port}`],
  "a name that ends like ours": (port) => [`Host: evillocalhost:${port}`],
  "our name with a dot behind it": (port) => [`Host: localhost.:${port}`],
  "another loopback address": (port) => [`Host: 127.0.0.2:${port}`],
  "any address": (port) => [`Host: 0.0.0.0:${port}`],
  "any address of the new kind": (port) => [`Host: [::]:${port}`],
  "our address in the dress of the new kind": (port) => [`Host: [::ffff:127.0.0.1]:${port}`],
  "our address as one number": (port) => [`Host: 2130706433:${port}`],
  "our address cut short": (port) => [`Host: 127.1:${port}`],
  "our address in octal": (port) => [`Host: 0177.0.0.1:${port}`],
  "our address in hex": (port) => [`Host: 0x7f000001:${port}`],
  "an address of the network": (port) => [`Host: 192.168.1.2:${port}`],
  "the address of metadata": () => ["Host: 169.254.169.254"],
  "a name before ours": (port) => [`Host: evil.example@localhost:${port}`],
  "our name before another": (port) => [`Host: localhost:${port}@evil.example`],
  "two names in one": (port) => [`Host: localhost:${port}, evil.example`],
  "our name and a path": (port) => [`Host: localhost:${port}/evil.example`],
  "our name and a question": (port) => [`Host: localhost?evil.example:${port}`],
  "our name and a space": (port) => [`Host: localhost evil.example:${port}`],
  "our name in escapes": (port) => [`Host: %6cocalhost:${port}`],
  "a name in Chinese": (port) => [`Host: 本机.example:${port}`],
  "a port that is none": () => ["Host: localhost:port"],
  "a port beyond all ports": () => ["Host: localhost:99999"],
  "half an address of the new kind": (port) => [`Host: [::1:${port}`],
  "an empty name": () => ["Host:"],
  "a port alone": (port) => [`Host: :${port}`],
  "no name": () => [],
  "two names": (port) => [`Host: localhost:${port}`, "Host: evil.example"],
  "two names, ours the second": (port) => ["Host: evil.example", `Host: localhost:${port}`],
  "a very long name": () => [`Host: ${"a".repeat(3_000)}.example`],
  "what a proxy would forward": (port) => [
    `Host: evil.example:${port}`,
    `X-Forwarded-Host: localhost:${port}`,
  ],
};

/** What a page under such a name would do: with the cookie, were it sent, and without. */
const wishes: [name: string, method: string, path: string, body?: string][] = [
  ["makes a task", "POST", "/v1/tasks", '{"name":"坏"}'],
  ["reads the tasks", "GET", "/v1/tasks"],
  ["posts a message", "POST", "/v1/tasks/00000000-0000-0000-0000-000000000000/messages", '{"content":"坏"}'],
  ["tries a sign-in link", "POST", "/v1/auth/code", '{"code":"x"}'],
  ["tries a platform key", "POST", "/v1/auth/login", '{"user_id":"x","platform_key":"x"}'],
  ["asks how the server is", "GET", "/healthz"],
  ["loads the app", "GET", "/"],
  ["asks what it may do", "OPTIONS", "/v1/tasks"],
];

const readTasks = async () => (await ask(person, "GET", "/v1/tasks")).text;

describe(`${Object.keys(foreign).length * wishes.length} requests under names that are not the server's`, () => {
  test.each(Object.entries(foreign))(
    "%s gets 421, and neither changes nor reads anything",
    async (_name, host) => {
      const before = await readTasks();
      for (const [wish, method, path, body] of wishes) {
        const named = host(port)[0]?.slice("Host: ".length);
        const lines = [
          ...host(port),
          `Origin: http://${named}`,
          "Sec-Fetch-Site: same-origin",
          `Cookie: ${cookie}`,
        ];
        const answer = await send(local.url, method, path, lines, body);
        expect([wish, answer?.status]).toEqual([wish, 421]);
        expect(JSON.parse(answer?.body ?? "")).toEqual({
          code: "invalid_host",
          detail: expect.stringMatching(/^[A-Z].*\.$/),
          request_id: expect.any(String),
        });
        expect(answer?.head).not.toMatch(/^set-cookie:/im);
        expect(answer?.body).not.toContain("机密");
      }
      expect(await readTasks()).toBe(before);
    },
  );
});

test("the server's own names are answered, with any port, since a tunnel may change it", async () => {
  const own = [
    "127.0.0.1",
    "localhost",
    "LocalHost",
    "[::1]",
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    "[::1]:1",
  ];
  for (const host of own) {
    const answer = await send(local.url, "GET", "/v1/me", [`Host: ${host}`, `Cookie: ${cookie}`]);
    expect([host, answer?.status]).toEqual([host, 200]);
    const lines = [`Host: ${host}`, `Origin: http://${host.toLowerCase()}`, `Cookie: ${cookie}`];
    expect((await send(local.url, "POST", "/v1/tasks", lines, '{"name":"好"}'))?.status).toBe(201);
  }
});

test("an address in the request line has to be the one in Host", async () => {
  const lines = [`Host: localhost:${port}`, `Cookie: ${cookie}`];
  const ask = async (target: string) => (await send(local.url, "GET", target, lines))?.status;
  expect(await ask(`http://localhost:${port}/v1/me`)).toBe(200);
  expect(await ask("http://evil.example/v1/me")).toBe(421);
  expect(await ask(`http://evil.example@localhost:${port}/v1/me`)).toBe(421);
  expect(await ask(`https://localhost:${port}.evil.example/v1/me`)).toBe(421);
  expect(await ask("file:///v1/me")).toBe(421);
});

test("HTTP/1.0 names no host, and gets no answer in local mode", async () => {
  const connection = await openConnection(local.url);
  connection.send(`GET /v1/me HTTP/1.0\r\nCookie: ${cookie}\r\n\r\n`);
  expect((await connection.nextAnswer())?.status).toBe(421);
  connection.close();
});

describe("outside local mode", () => {
  test("any name is answered while none is set: a balancer asks by address", async () => {
    const server = await startTestServer();
    try {
      for (const host of ["10.1.2.3:8787", "zcbot.example.com", "[fd00::1]", "负载.example"]) {
        const answer = await send(server.url, "GET", "/healthz", [`Host: ${host}`]);
        expect([host, answer?.status]).toEqual([host, host.startsWith("负") ? 421 : 200]);
      }
      expect((await send(server.url, "GET", "/healthz", []))?.status).toBe(421);
    } finally {
      await server.close();
    }
  });

  test("where names are set, others are refused, health included", async () => {
    const server = await startTestServer({ hosts: ["zcbot.example.com"] });
    try {
      const ask = async (host: string) =>
        (await send(server.url, "GET", "/healthz", [`Host: ${host}`]))?.status;
      expect(await ask("zcbot.example.com")).toBe(200);
      expect(await ask("ZCBOT.example.com:443")).toBe(200);
      expect(await ask("127.0.0.1")).toBe(421);
      expect(await ask("www.zcbot.example.com")).toBe(421);
    } finally {
      await server.close();
    }
  });
});
