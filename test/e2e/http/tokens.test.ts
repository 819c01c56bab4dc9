import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forgeToken, readClaims } from "../../support/api/forge-token.ts";
import { openConnection, type RawConnection } from "../../support/api/raw-connection.ts";
import {
  jwtSecret,
  platformKey,
  startTestServer,
  type TestServer,
  type TestUser,
} from "../../support/server.ts";
import {
  type Attempt,
  keyTricks,
  type Material,
  malformed,
  otherAlgorithms,
  otherKeys,
  unsigned,
  wrongClaims,
  wrongPlaces,
} from "./token-corpus.ts";

/** A secret that tokens were signed with before. */
const previousSecret = "Zq7Lm2Vx9Tc4Wn8Rb5Kd-before-Gy3Hs6Jf1Pu0";

let server: TestServer;
let user: TestUser;
let connection: RawConnection;

beforeAll(async () => {
  server = await startTestServer({ jwtPreviousSecrets: [previousSecret] });
  user = await server.createUser();
  connection = await openConnection(server.url);
});
afterAll(async () => {
  connection.close();
  await server.close();
});

const families: Record<string, (material: Material) => Attempt[]> = {
  "without a signature": unsigned,
  "of another algorithm": otherAlgorithms,
  "whose header says which key": keyTricks,
  "of another key": otherKeys,
  "with wrong claims": wrongClaims,
  "that are malformed": malformed,
  "in a wrong place": wrongPlaces,
};

function material(): Material {
  const { token } = user;
  return { token, claims: readClaims(token), secret: jwtSecret, platformKey };
}

/** What the names are made of: how many there are does not depend on the token. */
const sample: Material = {
  token: forgeToken({ sub: randomUUID() }, jwtSecret),
  claims: { sub: randomUUID(), exp: 1 },
  secret: jwtSecret,
  platformKey,
};

/** Status and, of a refusal, whether it is in the form of the contract. */
async function knock(headers: [string, string][], path = "/v1/me"): Promise<string> {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  connection.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n${lines}\r\n`);
  const answer = await connection.nextAnswer();
  if (!answer) throw new Error("the connection ended");
  if (answer.status !== 401) return `${answer.status}`;
  const { code } = JSON.parse(answer.body) as { code: string };
  return `401 ${code} ${/^www-authenticate: *(.*)\r?$/im.exec(answer.head)?.[1]}`;
}
const accepted = (token: string) => knock([["Authorization", `Bearer ${token}`]]);

const total = Object.values(families).reduce((sum, family) => sum + family(sample).length, 0);

describe(`${total} credentials that are none`, () => {
  for (const [name, family] of Object.entries(families)) {
    test(`none of ${family(sample).length} ${name} is accepted, and the good one still is`, async () => {
      const taken: string[] = [];
      for (const [attempt, headers, path] of family(material())) {
        const answer = await knock(headers, path);
        if (answer !== "401 unauthorized Bearer") taken.push(`${attempt}: ${answer}`);
      }
      expect(taken).toEqual([]);
      expect(await accepted(forgeToken(readClaims(user.token), jwtSecret))).toBe("200");
    });
  }

  test(`they are at least 150, and each has a name of its own`, () => {
    const names = Object.entries(families).flatMap(([family, make]) =>
      make(sample).map(([name]) => `${family}: ${name}`),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(150);
  });
});

test("a scheme may be in any case", async () => {
  for (const scheme of ["Bearer", "bearer", "BEARER"]) {
    expect(await knock([["Authorization", `${scheme} ${user.token}`]])).toBe("200");
  }
});

test("of a bearer token and a cookie the token counts, whose cookie it may be", async () => {
  const other = await server.createUser();
  const lines = `Authorization: Bearer ${other.token}\r\nCookie: zcbot_session=${user.token}\r\n`;
  connection.send(`GET /v1/me HTTP/1.1\r\nHost: x\r\n${lines}\r\n`);
  const answer = await connection.nextAnswer();
  expect(JSON.parse(answer?.body ?? "")).toMatchObject({ user_id: other.userId });
});

test("tokens of a secret from before are good until they expire; new ones are signed with the new one", async () => {
  const claims = readClaims(user.token);
  expect(await accepted(forgeToken(claims, previousSecret))).toBe("200");
  const now = Math.floor(Date.now() / 1000);
  expect(await accepted(forgeToken({ ...claims, exp: now - 1 }, previousSecret))).toMatch(/^401/);
  const { token } = await server.createUser();
  expect(token).toBe(forgeToken(readClaims(token), jwtSecret));
});
