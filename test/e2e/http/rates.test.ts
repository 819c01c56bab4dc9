import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, createTask, stranger } from "../../support/api/request.ts";
import { finishRun } from "../../support/api/runs.ts";
import { platformKey, startTestServer, type TestServer } from "../../support/server.ts";

/** Three failed sign-ins of an address and two expensive requests of a user a minute; a proxy on this machine. */
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ signIns: 3, userRequests: 2, trustedProxies: ["127.0.0.1"] });
});
afterAll(() => server.close());

const addresses = Array.from({ length: 30 }, (_, index) => `192.0.2.${index + 1}`).values();
const fresh = () => addresses.next().value ?? "";

async function tryKey(address: string, key: string, path = "/v1/auth/login") {
  const from = stranger(server.url, { "X-Forwarded-For": address });
  const body = { user_id: randomUUID(), platform_key: key, code: key, suspended: false };
  const { status, body: answer, headers } = await ask(from, "POST", path, body);
  return { status, code: answer.code, wait: headers.get("retry-after") };
}
const statuses = async (count: number, once: (index: number) => Promise<{ status: number }>) => {
  const found = [];
  for (let index = 0; index < count; index += 1) found.push((await once(index)).status);
  return found;
};

describe("sign-ins", () => {
  test("with a wrong key are answered 429 after some, and then so is a right one: nobody learns by going on", async () => {
    const address = fresh();
    expect(await statuses(4, () => tryKey(address, "wrong"))).toEqual([403, 403, 403, 429]);
    const refused = await tryKey(address, platformKey);
    expect(refused).toMatchObject({
      status: 429,
      code: "rate_limited",
      wait: expect.stringMatching(/^\d+$/),
    });
    expect(Number(refused.wait)).toBeGreaterThan(0);
    expect(Number(refused.wait)).toBeLessThanOrEqual(20);
  });

  test("of one address lock out no other", async () => {
    const address = fresh();
    await statuses(6, () => tryKey(address, "错的"));
    expect((await tryKey(fresh(), platformKey)).status).toBe(200);
    expect((await tryKey(fresh(), "wrong")).status).toBe(403);
  });

  test("with the right key count for nothing, however many and at once", async () => {
    const address = fresh();
    const all = await Promise.all(Array.from({ length: 40 }, () => tryKey(address, platformKey)));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await tryKey(address, "wrong")).status).toBe(403);
  });

  test("are counted together with codes and suspensions", async () => {
    const address = fresh();
    expect((await tryKey(address, "wrong")).status).toBe(403);
    expect((await tryKey(address, "wrong", "/v1/auth/code")).status).toBe(401);
    expect((await tryKey(address, "wrong", "/v1/auth/suspension")).status).toBe(403);
    for (const path of ["/v1/auth/login", "/v1/auth/code", "/v1/auth/suspension"])
      expect((await tryKey(address, "wrong", path)).status).toBe(429);
  });

  test("at once are no more than one after the other", async () => {
    const address = fresh();
    const all = await Promise.all(Array.from({ length: 20 }, () => tryKey(address, "wrong")));
    expect(all.filter(({ status }) => status === 403)).toHaveLength(3);
  });

  test("of neighbours in one network of IPv6 are those of one address", async () => {
    const neighbour = (index: number) => tryKey(`2001:db8:0:7::${index + 1}`, "wrong");
    expect(await statuses(4, neighbour)).toEqual([403, 403, 403, 429]);
    expect((await tryKey("2001:db8:0:8::1", "wrong")).status).toBe(403);
  });

  test("are counted by what the proxy says, not by what the client says before it", async () => {
    const address = fresh();
    const evading = (index: number) => tryKey(`10.9.8.${index}, ${address}`, "wrong");
    expect(await statuses(4, evading)).toEqual([403, 403, 403, 429]);
  });
});

describe("expensive requests", () => {
  test("of a user are answered 429 after some, all kinds counted together, and others go on", async () => {
    const [user, other] = [await server.createUser(), await server.createUser()];
    const task = await createTask(user);
    await finishRun(user, task.task_id, "chat 1 1");
    const upload = (who: typeof user) => {
      const form = new FormData();
      form.append("files", new Blob(["好"]), "好.txt");
      return who.fetch("/v1/files/upload", { method: "POST", body: form });
    };
    expect((await upload(user)).status).toBe(200);
    expect((await user.fetch(`/v1/tasks/${task.task_id}/export`)).status).toBe(200);
    const refused = [
      await upload(user),
      await user.fetch(`/v1/tasks/${task.task_id}/export`),
      await user.fetch(`/v1/tasks/${task.task_id}/fork`, { method: "POST", json: { from_idx: 1 } }),
    ];
    for (const answer of refused) {
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([
        429,
        expect.stringMatching(/^\d+$/),
      ]);
      expect(await answer.json()).toMatchObject({ code: "rate_limited" });
    }
    expect((await ask(user, "GET", "/v1/tasks")).status).toBe(200);
    expect((await createTask(user)).status).toBe("active");
    expect((await upload(other)).status).toBe(200);
  });
});
