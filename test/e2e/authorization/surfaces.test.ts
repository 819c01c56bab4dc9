import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "../../../src/protocol/api.ts";
import type { RawRequest } from "../../support/api/raw-request.ts";
import { bearer, cookie } from "./credentials.ts";
import { closedEndpoints, pathIds, plan, requestFor } from "./plan.ts";
import { type Answer, expectNoChange, type Person, startWorld, type World } from "./world.ts";

// The same endpoints by other spellings of their addresses, other methods and other headers: none is a second door.

let world: World;
let owner: Person;
let thief: Person;

beforeAll(async () => {
  world = await startWorld();
  owner = await world.createPerson();
  thief = await world.createPerson();
});
afterAll(() => world.close());

/** Other spellings of an address. Some servers, proxies and routers take them for the same. */
function spellings(path: string): string[] {
  const [address = "", search = ""] = path.split(/(?=\?)/);
  const rest = address.slice("/v1".length);
  const last = address.lastIndexOf("/");
  return [
    `${address}/`,
    `${address}//`,
    `${address}/.`,
    `${address}/x/..`,
    `${address}.json`,
    `${address}%20`,
    `${address}%00`,
    `${address}%2f`,
    `${address};v=1`,
    `${address.slice(0, last)}%2f${address.slice(last + 1)}`,
    `/${address}`,
    `//${address}`,
    `/v1/${rest}`,
    `/v1/../v1${rest}`,
    `/v1/./${rest.slice(1)}`,
    `/./v1${rest}`,
    `/x/../v1${rest}`,
    `/healthz/../v1${rest}`,
    `/v1/auth/login/../..${rest}`,
    `/v1/auth/%2e%2e${rest}`,
    `/v1/auth/..;${rest}`,
    `/docs/..%2fv1${rest}`,
    `/static/../v1${rest}`,
    `/%76%31${rest}`,
    `/%2576%2531${rest}`,
    `/v1%2f${rest.slice(1)}`,
    `/V1${rest}`,
    `/v1${rest.toUpperCase()}`,
    `\\v1${rest.replaceAll("/", "\\")}`,
    `/v１${rest}`.replace("１", "%EF%BC%91"),
    `${world.server.url}${address}`,
    `http://evil.example${address}`,
    `//evil.example${address}`,
    `${address}?access_token=${owner.user.token}&token=${owner.user.token}`,
    `${address}?zcbot_session=${owner.user.token}`,
  ].map((spelling) => spelling + (spelling.includes("?") ? search.replace("?", "&") : search));
}

/** The same request by other methods, and by headers that mean another method or address to some servers. */
function disguises(sent: RawRequest): RawRequest[] {
  const { method, path } = sent;
  const overriding = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"];
  const others = ["HEAD", "OPTIONS", "TRACE", "PROPFIND", "SEARCH", "PUT"];
  const withHeaders = (way: string, to: string, headers: Record<string, string>) => ({
    ...sent,
    method: way,
    path: to,
    headers: { ...sent.headers, ...headers },
  });
  return [
    ...others.map((other) => withHeaders(other, path, {})),
    ...overriding.flatMap((header) => [
      withHeaders("GET", path, { [header]: method }),
      withHeaders("POST", path, { [header]: method }),
    ]),
    withHeaders("GET", `${path}${path.includes("?") ? "&" : "?"}_method=${method}`, {}),
    withHeaders(method, "/healthz", { "X-Original-URL": path, "X-Rewrite-URL": path }),
    withHeaders(method, "/", { "X-Original-URL": path, "X-Rewrite-URL": path }),
    withHeaders(method, path, {
      "X-Forwarded-User": owner.user.userId,
      "X-User-Id": owner.user.userId,
      "X-Forwarded-For": "127.0.0.1",
      "X-Forwarded-Host": "localhost",
      "X-Forwarded-Prefix": "/v1/auth",
      "X-Forwarded-Uri": "/healthz",
    }),
  ];
}

function variants(sent: RawRequest): RawRequest[] {
  return [...spellings(sent.path).map((path) => ({ ...sent, path })), ...disguises(sent)];
}

/** What else may be answered than a refusal: the web app and its documents, which know nobody. */
function isRefusedOrPublic({ status, headers, body }: Answer, method: string): boolean {
  const type = String(headers["content-type"] ?? "");
  const isPublic = type.startsWith("text/") && !type.startsWith("text/event-stream");
  if (status >= 400) return true;
  if (method === "OPTIONS") return status === 204 && body === "";
  return isPublic || body.startsWith('{"status":"ok"');
}

async function expectShut(sent: RawRequest, headers: Record<string, string>): Promise<void> {
  const answer = await world.send({ ...sent, headers: { ...sent.headers, ...headers } });
  const { method, path } = sent;
  expect([method, path, answer.status, isRefusedOrPublic(answer, method)]).toEqual([
    method,
    path,
    answer.status,
    true,
  ]);
  expect(answer.status).not.toBe(500);
  for (const secret of ["机密", owner.user.userId]) expect(answer.body).not.toContain(secret);
}

describe("no spelling, method or header is a way around the credential", () => {
  test.each(closedEndpoints)("%s", async (name) => {
    const sent = requestFor(name, owner.things[plan[name].about ?? "ended"]);
    await expectNoChange(world, async () => {
      for (const one of variants(sent)) await expectShut(one, {});
    });
  });
});

describe("no method or header lets a foreign page change something with the browser's cookie", () => {
  test.each(closedEndpoints.filter((name) => api[name].method !== "GET"))("%s", async (name) => {
    const sent = requestFor(name, owner.things[plan[name].about ?? "ended"]);
    await expectNoChange(world, async () => {
      for (const one of variants(sent)) {
        await world.send({
          ...one,
          headers: { ...one.headers, ...cookie(owner.user.token, "http://evil.example") },
        });
      }
    });
  });
});

describe("no spelling, method or header is a way to what is somebody else's", () => {
  const of = closedEndpoints.filter((name) => pathIds(name).length > 0 && !plan[name].makes);
  test.each(of)("%s", async (name) => {
    const sent = requestFor(name, owner.things[plan[name].about ?? "ended"]);
    await expectNoChange(world, async () => {
      for (const one of variants(sent)) {
        await expectShut(one, bearer(thief.user.token));
      }
    });
  });
});
