import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../../src/server/settings/config.ts";
import { forgeToken, readClaims } from "../../support/api/forge-token.ts";
import { ask, readAnswer, stranger } from "../../support/api/request.ts";
import {
  jwtSecret,
  platformKey,
  startTestServer,
  type TestServer,
  type TestUser,
} from "../../support/server.ts";

let server: TestServer;
let user: TestUser;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
});
afterAll(() => server.close());

interface LoginAnswer {
  token: string;
  expires_at: string;
  user_id: string;
  ttl_seconds: number;
}
const login = (body: Record<string, unknown>) =>
  ask<LoginAnswer>(stranger(server.url), "POST", "/v1/auth/login", body);
const withToken = (token: string) =>
  ask(stranger(server.url, { Authorization: `Bearer ${token}` }), "GET", "/v1/tasks");

describe("login", () => {
  test("gives a token of 43200 seconds", async () => {
    const userId = randomUUID();
    const { status, body } = await login({ user_id: userId, platform_key: platformKey });
    expect(status).toBe(200);
    expect(Object.keys(body).toSorted()).toEqual(["expires_at", "token", "ttl_seconds", "user_id"]);
    expect(body).toMatchObject({ user_id: userId, ttl_seconds: 43_200 });
    expect(body.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$/);
    expect(readClaims(body.token)).toMatchObject({ exp: Date.parse(body.expires_at) / 1000, sub: userId });
    expect(readClaims(body.token).scope).not.toBe("cli");
    expect((await withToken(body.token)).status).toBe(200);
  });

  test("the time a token lasts can be set", async () => {
    const other = await startTestServer({ tokenTtlSeconds: 120 });
    try {
      const body = { user_id: randomUUID(), platform_key: platformKey };
      const answer = await ask<LoginAnswer>(stranger(other.url), "POST", "/v1/auth/login", body);
      expect(answer.body.ttl_seconds).toBe(120);
      expect(Math.abs(Date.parse(answer.body.expires_at) - Date.now() - 120_000)).toBeLessThan(60_000);
    } finally {
      await other.close();
    }
  });

  const refusals: [string, Record<string, unknown>, number][] = [
    ["a wrong key", { user_id: randomUUID(), platform_key: "wrong" }, 403],
    ["an empty key", { user_id: randomUUID(), platform_key: "" }, 403],
    ["the key and more", { user_id: randomUUID(), platform_key: `${platformKey} ` }, 403],
    ["the key in other case", { user_id: randomUUID(), platform_key: platformKey.toUpperCase() }, 403],
    ["a wrong key, before the malformed id", { user_id: "no uuid", platform_key: "wrong" }, 403],
    ["an id that is no UUID", { user_id: "没有", platform_key: platformKey }, 400],
    ["an empty id", { user_id: "", platform_key: platformKey }, 400],
    ["an id that is a path", { user_id: "../../etc", platform_key: platformKey }, 400],
    ["no key", { user_id: randomUUID() }, 422],
    ["no id", { platform_key: platformKey }, 422],
    ["an id that is a number", { user_id: 1, platform_key: platformKey }, 422],
    ["a key that is a list", { user_id: randomUUID(), platform_key: [platformKey] }, 422],
  ];
  test.each(refusals)("%s is refused", async (_name, body, status) => {
    expect((await login(body)).status).toBe(status);
  });

  test("one id has many spellings and is one user", async () => {
    const userId = randomUUID();
    for (const spelling of [userId, userId.toUpperCase(), userId.replaceAll("-", "")]) {
      expect((await login({ user_id: spelling, platform_key: platformKey })).body.user_id).toBe(userId);
    }
  });

  test("a user is created once, however many log in at the same time", async () => {
    const userId = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => login({ user_id: userId, platform_key: platformKey })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  });
});

describe("a credential that is missing, malformed, expired or forged gets 401", () => {
  const claims = () => ({ ...readClaims(user.token) });
  const now = () => Math.floor(Date.now() / 1000);
  const unsigned = (header: object, payload: object) =>
    [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");

  const headers: [string, () => string | undefined][] = [
    ["no header", () => undefined],
    ["an empty header", () => ""],
    ["only the scheme", () => "Bearer"],
    ["an empty token", () => "Bearer "],
    ["the bare token", () => user.token],
    ["another scheme", () => `Basic ${user.token}`],
    ["another scheme's form", () => `Token ${user.token}`],
    ["two tokens", () => `Bearer ${user.token} ${user.token}`],
    ["a list", () => `Bearer ${user.token}, Bearer ${user.token}`],
    ["quotes", () => `Bearer "${user.token}"`],
    ["no token at all", () => "Bearer a.b.c"],
    ["a token cut short", () => `Bearer ${user.token.slice(0, -3)}`],
    ["a token without its signature", () => `Bearer ${user.token.replace(/[^.]+$/, "")}`],
    ["alg none", () => `Bearer ${unsigned({ alg: "none", typ: "JWT" }, claims())}.`],
    [
      "alg NONE with the old signature",
      () => `Bearer ${unsigned({ alg: "NONE" }, claims())}.${user.token.split(".")[2]}`,
    ],
    ["another key", () => `Bearer ${forgeToken(claims(), "another-secret-that-is-long-enough-0123456789")}`],
    ["the empty key", () => `Bearer ${forgeToken(claims(), "")}`],
    ["the platform key as key", () => `Bearer ${forgeToken(claims(), platformKey)}`],
    ["another algorithm", () => `Bearer ${forgeToken(claims(), jwtSecret, { alg: "HS512", typ: "JWT" })}`],
    [
      "an algorithm that lies",
      () => `Bearer ${forgeToken(claims(), jwtSecret, { alg: "RS256", typ: "JWT" })}`,
    ],
    ["an expired token", () => `Bearer ${forgeToken({ ...claims(), exp: now() - 120 }, jwtSecret)}`],
    [
      "a token that never expires",
      () => {
        const { exp: _exp, ...rest } = claims();
        return `Bearer ${forgeToken(rest, jwtSecret)}`;
      },
    ],
    [
      "a token of nobody",
      () => {
        const { sub: _sub, ...rest } = claims();
        return `Bearer ${forgeToken(rest, jwtSecret)}`;
      },
    ],
    ["a subject that is no id", () => `Bearer ${forgeToken({ ...claims(), sub: "' or 1=1" }, jwtSecret)}`],
    ["a subject with a NUL", () => `Bearer ${forgeToken({ ...claims(), sub: "\0" }, jwtSecret)}`],
    ["a subject that is a number", () => `Bearer ${forgeToken({ ...claims(), sub: 1 }, jwtSecret)}`],
    ["a token for later", () => `Bearer ${forgeToken({ ...claims(), nbf: now() + 3600 }, jwtSecret)}`],
    ["a token of another issuer", () => `Bearer ${forgeToken({ ...claims(), iss: "another" }, jwtSecret)}`],
    [
      "a user that does not exist",
      () => `Bearer ${forgeToken({ ...claims(), sub: randomUUID() }, jwtSecret)}`,
    ],
    [
      "changed claims",
      () => {
        const [head, , signature] = user.token.split(".");
        const forged = Buffer.from(JSON.stringify({ ...claims(), scope: "cli" })).toString("base64url");
        return `Bearer ${head}.${forged}.${signature}`;
      },
    ],
  ];
  test.each(headers)("%s", async (_name, header) => {
    const value = header();
    const nobody = stranger(server.url, value === undefined ? {} : { Authorization: value });
    const answer = await ask(nobody, "GET", "/v1/tasks");
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(answer.body).toMatchObject({
      code: expect.any(String),
      detail: expect.any(String),
      request_id: expect.any(String),
    });
  });

  test("a token signed with the server's key is one of its own: forging works when it should", async () => {
    expect((await withToken(forgeToken(claims(), jwtSecret))).status).toBe(200);
  });

  test("a token is not taken from the query", async () => {
    for (const name of ["token", "access_token", "authorization"]) {
      const answer = await ask(stranger(server.url), "GET", `/v1/tasks?${name}=${user.token}`);
      expect(answer.status).toBe(401);
    }
  });

  test("a wrong token is not mended by a right cookie", async () => {
    const nobody = stranger(server.url, {
      Authorization: "Bearer wrong",
      Cookie: `zcbot_session=${user.token}`,
    });
    expect((await ask(nobody, "GET", "/v1/tasks")).status).toBe(401);
  });
});

describe("secrets", () => {
  const strong = {
    ZCBOT_PLATFORM_KEY: "71c9e04db3a8f625",
    ZCBOT_JWT_SECRET: "b6f2d97c05e8143ab6f2d97c05e81430",
  };
  const load = (environment: Record<string, string>) => () => loadConfig({ environment, cwd: "/" });

  test("secrets of 16 and 32 characters are long enough", () => {
    expect(load(strong)).not.toThrow();
  });
  test("a shorter platform key refuses to start", () => {
    expect(load({ ...strong, ZCBOT_PLATFORM_KEY: strong.ZCBOT_PLATFORM_KEY.slice(1) })).toThrow();
  });
  test("a shorter JWT secret refuses to start", () => {
    expect(load({ ...strong, ZCBOT_JWT_SECRET: strong.ZCBOT_JWT_SECRET.slice(1) })).toThrow();
  });
  test("outside local mode both must be set", () => {
    expect(load({ ZCBOT_HOST: "0.0.0.0" })).toThrow();
    expect(load({ ZCBOT_PLATFORM_KEY: strong.ZCBOT_PLATFORM_KEY })).toThrow();
    expect(load({ ZCBOT_HOST: "0.0.0.0", ZCBOT_JWT_SECRET: strong.ZCBOT_JWT_SECRET })).toThrow();
  });
});

describe("local mode", () => {
  let local: TestServer;
  beforeAll(async () => {
    local = await startTestServer({ platformKey: undefined, jwtSecret: undefined });
  });
  afterAll(() => local.close());

  const redeem = (code: string) => ask(stranger(local.url), "POST", "/v1/auth/code", { code });

  test("its secrets are its own, kept where only their owner reads them", async () => {
    const { mode } = await stat(join(local.dataDir, "secrets.json"));
    expect(mode & 0o777).toBe(0o600);
  });

  test("the printed link signs in once, with a cookie for the page", async () => {
    const link = local.server.signInLink ?? "";
    const code = /^http:\/\/127\.0\.0\.1:\d+\/#code=([\w-]{20,})$/.exec(link)?.[1] ?? "";
    expect((await redeem("wrong")).status).toBe(401);
    expect((await redeem("")).status).toBe(401);

    const answer = await redeem(code);
    expect(answer.status).toBe(200);
    const cookie = answer.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Strict/i);
    expect((await redeem(code)).status).toBe(401);

    const session = { Cookie: cookie.split(";")[0] ?? "" };
    const page = (headers: Record<string, string>) => stranger(local.url, { ...session, ...headers });
    expect((await ask(page({}), "GET", "/v1/tasks")).status).toBe(200);
    const create = async (headers: Record<string, string>) =>
      (await ask(page(headers), "POST", "/v1/tasks", { name: "好" })).status;
    expect(await create({ Origin: local.url })).toBe(201);
    const foreign = [
      "https://evil.example",
      "null",
      `${local.url}.evil.example`,
      `${local.url}0`,
      "http://localhost:1",
    ];
    for (const origin of foreign)
      expect([origin, await create({ Origin: origin })]).not.toEqual([origin, 201]);
    expect(await create({})).not.toBe(201);
    expect((await ask<{ count: number }>(page({}), "GET", "/v1/tasks")).body.count).toBe(1);
  });

  test("a token in the body of a page's form is no credential", async () => {
    const answer = await readAnswer(
      await fetch(`${local.url}/v1/tasks`, {
        method: "POST",
        headers: { "Content-Type": "text/plain", Origin: "https://evil.example" },
        body: '{"name":"坏"}',
      }),
    );
    expect(answer.status).toBe(401);
  });
});
