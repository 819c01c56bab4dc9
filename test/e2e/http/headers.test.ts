import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openConnection } from "../../support/api/raw-connection.ts";
import { createTask, stranger } from "../../support/api/request.ts";
import { finishRun } from "../../support/api/runs.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/** Believes a proxy on this machine. */
let server: TestServer;
let user: TestUser;
let taskId: string;
let eventsUrl: string;

beforeAll(async () => {
  server = await startTestServer({ trustedProxies: ["127.0.0.1"] });
  user = await server.createUser();
  taskId = (await createTask(user)).task_id;
  ({ eventsUrl } = await finishRun(user, taskId, "chat 2 1"));
  const form = new FormData();
  form.append("files", new Blob(["<script>alert(1)</script>"]), "页.html");
  await user.fetch("/v1/files/upload", { method: "POST", body: form });
});
afterAll(() => server.close());

const everywhere = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "permissions-policy": expect.stringContaining("camera=()"),
  "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
};
const closed = "default-src 'none'; frame-ancestors 'none'";

const answers: [name: string, ask: () => Promise<Response>, caching: string][] = [
  ["a list", () => user.fetch("/v1/tasks"), "no-store"],
  ["what is made", () => user.fetch("/v1/tasks", { method: "POST", json: { name: "好" } }), "no-store"],
  ["a stream", () => user.fetch(eventsUrl), "no-cache"],
  [
    "a file",
    () => user.fetch(`/v1/files/download?path=${encodeURIComponent("页.html")}`),
    "private, no-cache",
  ],
  ["an export", () => user.fetch(`/v1/tasks/${taskId}/export`), "no-store"],
  ["health", () => stranger(server.url).fetch("/healthz"), "no-store"],
  ["no credential", () => stranger(server.url).fetch("/v1/tasks"), "no-store"],
  ["nothing there", () => user.fetch("/v1/没有"), "no-store"],
  ["a method that is none", () => user.fetch("/v1/tasks", { method: "PUT", json: {} }), "no-store"],
  ["a wrong body", () => user.fetch("/v1/tasks", { method: "POST", body: "{" }), "no-store"],
  ["a preflight", () => stranger(server.url).fetch("/v1/tasks", { method: "OPTIONS" }), "no-store"],
  ["signing out", () => stranger(server.url).fetch("/v1/auth/logout", { method: "POST" }), "no-store"],
  ["the description", () => stranger(server.url).fetch("/openapi.json"), "no-store"],
  ["a redirect", () => stranger(server.url).fetch("/static/dev.html"), "no-store"],
];

describe("every answer", () => {
  test.each(answers)(
    "%s carries the protecting headers, and says nothing of what answers",
    async (_name, ask, caching) => {
      const { headers, body } = await ask();
      await body?.cancel();
      expect(Object.fromEntries(headers)).toMatchObject(everywhere);
      expect(headers.get("content-security-policy")).toBe(closed);
      expect(headers.get("cache-control")).toBe(caching);
      expect([headers.get("server"), headers.get("x-powered-by")]).toEqual([null, null]);
      expect(headers.get("strict-transport-security")).toBeNull();
    },
  );

  test("pages too, under a policy of their own that runs no script but the app's", async ({ skip }) => {
    for (const path of ["/", "/tasks/没有", "/docs"]) {
      const { status, headers } = await stranger(server.url).fetch(path);
      if (status === 503) skip("the web app is not built");
      const policy = headers.get("content-security-policy") ?? "";
      expect([path, Object.fromEntries(headers)]).toMatchObject([path, everywhere]);
      expect([path, policy]).toEqual([path, expect.stringMatching(/script-src 'self'(;|$)/)]);
      expect([path, policy]).toEqual([path, expect.stringMatching(/frame-ancestors 'none'(;|$)/)]);
    }
  });

  test("what a client has already is still not sent twice", async () => {
    const path = `/v1/files/download?path=${encodeURIComponent("页.html")}`;
    const etag = (await user.fetch(path)).headers.get("etag") ?? "";
    const again = await user.fetch(path, { headers: { "If-None-Match": etag } });
    expect([again.status, again.headers.get("cache-control")]).toEqual([304, "private, no-cache"]);
  });
});

describe("https", () => {
  const over = (headers: Record<string, string>) => stranger(server.url, headers).fetch("/healthz");

  test("is promised for a year where a trusted proxy says so", async () => {
    const { headers } = await over({ "X-Forwarded-Proto": "https" });
    expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
    for (const scheme of ["http", "https, http", "httpsx"]) {
      expect(
        (await over({ "X-Forwarded-Proto": scheme })).headers.get("strict-transport-security"),
      ).toBeNull();
    }
  });

  test("is believed of nobody else", async () => {
    const other = await startTestServer({ trustedProxies: ["10.0.0.0/8", "::2"] });
    try {
      const { headers } = await stranger(other.url, { "X-Forwarded-Proto": "https" }).fetch("/healthz");
      expect(headers.get("strict-transport-security")).toBeNull();
    } finally {
      await other.close();
    }
  });

  test("makes only the cookie count that no neighbour can set, and an origin of http a foreign one", async () => {
    const https = { "X-Forwarded-Proto": "https", Host: "zcbot.example" };
    const ask = async (method: string, lines: Record<string, string>) => {
      const connection = await openConnection(server.url);
      const head = Object.entries({ ...https, ...lines }).map(([name, value]) => `${name}: ${value}\r\n`);
      const body = method === "GET" ? "" : '{"name":"好"}';
      const more = body && `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
      connection.send(`${method} /v1/tasks HTTP/1.1\r\n${head.join("")}${more}\r\n${body}`);
      const answer = await connection.nextAnswer();
      connection.close();
      return answer?.status;
    };
    const Cookie = `__Host-zcbot_session=${user.token}`;
    expect(await ask("GET", { Cookie })).toBe(200);
    expect(await ask("GET", { Cookie: `zcbot_session=${user.token}` })).toBe(401);
    expect(await ask("POST", { Cookie, Origin: "https://zcbot.example" })).toBe(201);
    expect(await ask("POST", { Cookie, Origin: "https://zcbot.example:443" })).toBe(403);
    expect(await ask("POST", { Cookie, Origin: "http://zcbot.example" })).toBe(403);
  });
});

describe("CORS", () => {
  const allowed = ["https://app.example", "https://另.example"].map((origin) => new URL(origin).origin);
  let narrow: TestServer;
  beforeAll(async () => {
    narrow = await startTestServer({ corsOrigins: allowed });
  });
  afterAll(() => narrow.close());

  const preflight = (url: string, origin: string, method: string, headers: string) =>
    stranger(url).fetch("/v1/tasks", {
      method: "OPTIONS",
      headers: {
        Origin: origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
        "Access-Control-Request-Private-Network": "true",
      },
    });
  const requests: [method: string, headers: string][] = [
    ["GET", "authorization,last-event-id"],
    ["GET", "authorization,range,if-none-match,if-range"],
    ["POST", "authorization,content-type,idempotency-key"],
    ["PATCH", "authorization,content-type"],
    ["PUT", "authorization,content-type,if-match"],
    ["DELETE", "authorization"],
  ];
  test.each(requests)("a page may ask for %s with %s, and never with credentials", async (method, names) => {
    for (const origin of ["https://app.example", "null", "http://localhost:3000"]) {
      const { status, headers } = await preflight(server.url, origin, method, names);
      expect([status, headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
      expect(headers.get("access-control-allow-methods")?.split(", ")).toContain(method);
      const offered = headers.get("access-control-allow-headers")?.toLowerCase().split(", ") ?? [];
      expect(offered).toEqual(expect.arrayContaining(names.split(",")));
      expect(offered).not.toContain("cookie");
      expect(headers.get("access-control-allow-credentials")).toBeNull();
      expect(headers.get("access-control-allow-private-network")).toBeNull();
    }
  });

  test("where origins are named, others are not answered to, and caches keep them apart", async () => {
    for (const origin of allowed) {
      const { headers } = await preflight(narrow.url, origin, "POST", "authorization");
      expect(headers.get("access-control-allow-origin")).toBe(origin);
      expect(headers.get("access-control-allow-methods")).toContain("POST");
    }
    const strange = [
      "null",
      "https://app.example.evil.example",
      "http://app.example",
      "https://app.example:444",
    ];
    for (const origin of [...strange, "https://APP.example", "https://app.example, https://x.example"]) {
      const { status, headers } = await preflight(narrow.url, origin, "POST", "authorization");
      expect([origin, status, headers.get("access-control-allow-origin")]).toEqual([origin, 204, null]);
      expect(headers.get("access-control-allow-methods")).toBeNull();
      const asked = await stranger(narrow.url, { Origin: origin }).fetch("/healthz");
      expect([asked.headers.get("access-control-allow-origin"), asked.headers.get("vary")]).toEqual([
        null,
        "Origin",
      ]);
    }
    const none = await stranger(narrow.url).fetch("/healthz");
    expect([none.headers.get("access-control-allow-origin"), none.headers.get("vary")]).toEqual([
      null,
      "Origin",
    ]);
  });
});
