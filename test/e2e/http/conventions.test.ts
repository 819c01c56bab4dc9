import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ask,
  createTask,
  type ErrorAnswer,
  readAnswer,
  stranger,
  type TaskAnswer,
} from "../../support/api/request.ts";
import { platformKey, startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
let task: TaskAnswer;
const unknown = "0190f5f2-7c3a-7b1e-8d41-5a0c9e2b7f63";

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
  task = await createTask(user);
});
afterAll(() => server.close());

describe("ids", () => {
  const spellings: [string, (id: string) => string][] = [
    ["as given", (id) => id],
    ["in upper case", (id) => id.toUpperCase()],
    ["without dashes", (id) => id.replaceAll("-", "")],
    ["in upper case without dashes", (id) => id.replaceAll("-", "").toUpperCase()],
  ];
  test.each(spellings)("an id %s names its task", async (_name, spell) => {
    const answer = await ask<TaskAnswer>(user, "GET", `/v1/tasks/${spell(task.task_id)}`);
    expect(answer).toMatchObject({ status: 200, body: { task_id: task.task_id } });
  });

  test("new ids sort by time", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.push((await createTask(user)).task_id);
    expect(ids.map((id) => id[14])).toEqual(["7", "7", "7"]);
    const moments = ids.map((id) => id.slice(0, 13));
    expect(moments.toSorted()).toEqual(moments);
  });

  test.each([
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "c232ab00-9414-11ec-b3c8-9f6bdeced846",
    "6fa459ea-ee8a-3ca4-894e-db77e160355e",
    "00112233-4455-6677-c899-aabbccddeeff",
  ])("a user may have the id %s, of whatever version", async (userId) => {
    const login = await ask<{ user_id: string }>(stranger(server.url), "POST", "/v1/auth/login", {
      user_id: userId,
      platform_key: platformKey,
    });
    expect(login).toMatchObject({ status: 200, body: { user_id: userId } });
  });

  const malformed = [
    "1",
    "没有",
    "null",
    "..",
    "%2e%2e",
    "%00",
    "%ff",
    "%E0%A4%A",
    "%",
    "%ed%a0%80",
    "a b",
    "-".repeat(36),
    "x".repeat(5000),
    `${unknown}0`,
    unknown.slice(1),
    unknown.replace(/^./, "g"),
    `{${unknown}}`,
    `urn:uuid:${unknown}`,
    `%20${unknown}`,
  ];
  test.each(malformed)("%s in the path is no id and gets 404", async (id) => {
    const ofRun = `/v1/tasks/${task.task_id}/runs/${id}/events`;
    // Two dots are gone before they are sent: that address is another one.
    const isSent = new URL(ofRun, server.url).pathname.includes("/runs/");
    for (const path of [`/v1/tasks/${id}/messages`, ...(isSent ? [ofRun] : [])]) {
      const answer = await ask(user, "GET", path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.body.detail).toBeTypeOf("string");
    }
  });
});

describe("order of checks", () => {
  const badBody = { name: 1, content: 1, status: 1 };
  const routes: [method: string, path: (task: string, run: string) => string][] = [
    ["PATCH", (id) => `/v1/tasks/${id}`],
    ["POST", (id) => `/v1/tasks/${id}/messages`],
  ];
  test.each(routes)(
    "%s: credential, then the id's form, then the body, then whether it exists",
    async (method, path) => {
      const nobody = stranger(server.url);
      expect((await ask(nobody, method, path("no-id", "no-id"), badBody)).status).toBe(401);
      expect((await ask(user, method, path("no-id", "no-id"), badBody)).status).toBe(404);
      expect((await ask(user, method, path(unknown, unknown), badBody)).status).toBe(422);
      expect((await ask(user, method, path(unknown, unknown), { name: "..", content: " " })).status).toBe(
        400,
      );
      expect((await ask(user, method, path(unknown, unknown), { name: "好", content: "好" })).status).toBe(
        404,
      );
    },
  );

  test("an unknown task with an empty patch, or a status nobody may set, is the body's fault", async () => {
    for (const body of [{}, { name: null }, { status: "active" }, { status: "没有" }]) {
      expect((await ask(user, "PATCH", `/v1/tasks/${unknown}`, body)).status).toBe(400);
    }
  });

  test("a malformed id is noticed before a malformed body", async () => {
    const answer = await user.fetch("/v1/tasks/no-id/messages", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{",
    });
    expect(answer.status).toBe(404);
  });

  test("without a credential a query is not looked at", async () => {
    expect((await ask(stranger(server.url), "GET", "/v1/tasks?page=no")).status).toBe(401);
    expect((await ask(stranger(server.url), "POST", "/v1/files/delete", { path: 1 })).status).toBe(401);
    expect((await ask(stranger(server.url), "POST", "/v1/files/upload", {})).status).toBe(401);
  });
});

describe("errors", () => {
  const faults: [string, method: string, path: string, json: unknown, status: number, code: string | null][] =
    [
      ["no such task", "GET", `/v1/tasks/${unknown}`, undefined, 404, "task_not_found"],
      ["no such id", "GET", "/v1/tasks/没有", undefined, 404, null],
      ["a bad name", "POST", "/v1/tasks", { name: "a/b" }, 400, null],
      ["a wrong shape", "POST", "/v1/tasks", {}, 422, null],
      ["a wrong query", "GET", "/v1/tasks?page=x", undefined, 422, null],
      ["no such address", "GET", "/v1/nothing", undefined, 404, null],
      ["a method nobody takes", "PUT", "/v1/tasks", {}, 405, null],
    ];
  test.each(faults)("%s is answered in the error form", async (_name, method, path, json, status, code) => {
    const answer = await ask(user, method, path, json);
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.body).toSorted()).toEqual(["code", "detail", "request_id"]);
    expect(answer.body.code).toMatch(/^[a-z][a-z_]*$/);
    if (code !== null) expect(answer.body.code).toBe(code);
    if (status === 422) {
      expect(answer.body.detail).not.toHaveLength(0);
      for (const fault of answer.body.detail as Exclude<ErrorAnswer["detail"], string>) {
        expect(Object.keys(fault).toSorted()).toEqual(["loc", "msg", "type"]);
        expect([fault.loc, fault.msg, fault.type]).toEqual([
          expect.any(Array),
          expect.any(String),
          expect.any(String),
        ]);
      }
    } else {
      expect(answer.body.detail).toMatch(/^[A-Z].*\.$/);
    }
  });

  test("a sentence never echoes an id", async () => {
    const runs = `/v1/tasks/${task.task_id}/runs/${unknown}`;
    const answers = [
      await ask(user, "GET", `/v1/tasks/${unknown}`),
      await ask(user, "GET", `${runs}/events`),
      await ask(user, "POST", `${runs}/cancel`),
    ];
    for (const { body } of answers) {
      const { request_id, ...rest } = body;
      expect(request_id).toBeTypeOf("string");
      expect(JSON.stringify(rest)).not.toContain(unknown);
      expect(JSON.stringify(rest)).not.toContain(task.task_id);
    }
  });

  test("every answer to an error has a request id of its own", async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => ask(user, "GET", `/v1/tasks/${unknown}`)),
    );
    expect(new Set(answers.map(({ body }) => body.request_id)).size).toBe(5);
  });

  test("a wrong shape says where: the body or the query, and which field", async () => {
    const body = await ask(user, "POST", "/v1/tasks", { name: 1 });
    expect(body.body.detail).toMatchObject([{ loc: ["body", "name"] }]);
    const query = await ask(user, "GET", "/v1/tasks?page=x");
    expect(query.body.detail).toMatchObject([{ loc: ["query", "page"] }]);
  });
});

describe("encoding", () => {
  test("JSON is UTF-8 and never ASCII-escaped", async () => {
    const name = "水泥 ünïcödé 🏗️";
    const created = await ask<TaskAnswer>(user, "POST", "/v1/tasks", { name, description: "说明 🧱" });
    for (const path of [`/v1/tasks/${created.body.task_id}`, "/v1/tasks", "/v1/folders"]) {
      const answer = await ask(user, "GET", path);
      expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
      expect(answer.text).toContain(name);
      expect(answer.text).not.toMatch(/\\u/);
    }
  });

  test("times are ISO 8601 in UTC with an offset", async () => {
    for (const time of [task.created_at, task.updated_at]) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)$/);
      expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(120_000);
    }
  });
});

describe("pages that need no credential", () => {
  test("/healthz says ok", async () => {
    const answer = await ask<{ status: string }>(stranger(server.url), "GET", "/healthz");
    expect(answer).toMatchObject({ status: 200, body: { status: "ok" } });
  });

  test("the old address of the web app leads to the new one", async () => {
    const answer = await stranger(server.url).fetch("/static/dev.html");
    expect([301, 302, 303, 307, 308]).toContain(answer.status);
    expect(new URL(answer.headers.get("location") ?? "", server.url).pathname).toBe("/");
  });

  test("every GET outside /v1 is the web app's, its deep links too", async ({ skip }) => {
    const home = await ask<string>(stranger(server.url), "GET", "/");
    expect(home.status).not.toBe(401);
    if (home.status === 503) skip("the web app is not built");
    for (const path of ["/tasks", `/tasks/${task.task_id}`, "/files/报告", "/v2", "/v1x"]) {
      const page = await ask<string>(stranger(server.url), "GET", path);
      expect([path, page.status, page.text === home.text]).toEqual([path, 200, true]);
      expect(page.headers.get("content-type")).toContain("text/html");
    }
    for (const path of ["/v1", "/v1/", "/v1/没有"]) {
      expect([path, (await ask(user, "GET", path)).status]).toEqual([path, 404]);
    }
  });

  test("no address leads out of the web app's folder", async () => {
    for (const path of [
      "/../package.json",
      "/%2e%2e/package.json",
      "/..%2fpackage.json",
      "/assets/../../../package.json",
    ]) {
      const page = await ask<string>(stranger(server.url), "GET", path);
      expect(page.text).not.toContain('"dependencies"');
    }
  });
});

describe("CORS", () => {
  const origin = "https://example.com";
  const shared = (headers: Headers) => [
    headers.get("access-control-allow-origin"),
    headers.get("access-control-allow-credentials"),
  ];

  test("any origin may call, without credentials", async () => {
    for (const path of ["/v1/tasks", `/v1/tasks/${unknown}`, "/healthz", "/v1/files"]) {
      const answer = await user.fetch(path, { headers: { Origin: origin } });
      expect(shared(answer.headers)).toEqual(["*", null]);
    }
    const refused = await stranger(server.url, { Origin: origin }).fetch("/v1/tasks");
    expect([refused.status, ...shared(refused.headers)]).toEqual([401, "*", null]);
  });

  test("a preflight is answered without a credential", async () => {
    const answer = await stranger(server.url).fetch("/v1/tasks", {
      method: "OPTIONS",
      headers: {
        Origin: origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,last-event-id",
      },
    });
    expect(answer.ok).toBe(true);
    expect(shared(answer.headers)).toEqual(["*", null]);
    expect(answer.headers.get("access-control-allow-methods")).toContain("PATCH");
    expect(answer.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("authorization");
  });

  test("CORS_ORIGINS narrows it", async () => {
    const narrow = await startTestServer({ corsOrigins: [origin] });
    try {
      const allowed = await readAnswer(await stranger(narrow.url, { Origin: origin }).fetch("/healthz"));
      const foreign = await readAnswer(
        await stranger(narrow.url, { Origin: "https://elsewhere.example" }).fetch("/healthz"),
      );
      expect(shared(allowed.headers)).toEqual([origin, null]);
      expect(shared(foreign.headers)).toEqual([null, null]);
    } finally {
      await narrow.close();
    }
  });
});
