import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openConnection, type RawAnswer, type RawConnection } from "../../support/api/raw-connection.ts";
import { createTask, type TaskAnswer } from "../../support/api/request.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { platformKey, startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

/**
 * What a page of somebody else can make a signed-in browser send, as the browser would send it. Nothing of it may
 * change anything, set a cookie, or be read.
 */
let database: TestDatabase;
let server: TestServer;
let victim: TestUser;
let task: TaskAnswer;
let own: string;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startTestServer({ databaseUrl: database.url });
  victim = await server.createUser();
  task = await createTask(victim, { name: "受害者的任务" });
  const form = new FormData();
  form.append("files", new Blob(["原样"]), "文件.txt");
  await victim.fetch("/v1/files/upload", { method: "POST", body: form });
  own = new URL(server.url).host;
});
afterAll(async () => {
  connection?.close();
  await server.close();
  await database.drop();
});

type Lines = Record<string, string | undefined>;

let connection: RawConnection | undefined;

async function send(method: string, path: string, lines: Lines, body?: string): Promise<RawAnswer> {
  connection ??= await openConnection(server.url);
  const head = Object.entries({ Host: own, ...lines, "Content-Length": length(body) })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  connection.send(`${method} ${path} HTTP/1.1\r\n${head.join("")}\r\n${body ?? ""}`);
  const answer = await connection.nextAnswer();
  if (!answer) throw new Error("no answer");
  return answer;
}

const length = (body: string | undefined) =>
  body === undefined ? undefined : String(Buffer.byteLength(body));

/** All that an attack might change: the victim's rows and files. */
async function readState(): Promise<string> {
  const { rows } = await database.database.pool.query({
    name: "state",
    text: `select (select json_agg(tasks order by task_id) from tasks) as tasks,
      (select json_agg(messages order by task_id, idx) from messages) as messages,
      (select count(*) from runs) as runs, (select count(*) from users) as users`,
  });
  const root = join(server.dataDir, "workspace", "users", victim.userId);
  const names = await readdir(root, { recursive: true });
  const kept = await readFile(join(root, "文件.txt"), "utf8").catch(() => null);
  return JSON.stringify([rows, names.toSorted(), kept]);
}

const session = () => ({ Cookie: `zcbot_session=${victim.token}` });
const multipart = (name: string) =>
  `--x\r\nContent-Disposition: form-data; name="files"; filename="${name}"\r\n\r\n坏\r\n--x--\r\n`;

/** What each door would do, by JSON or by a form. */
interface Door {
  method: string;
  path: () => string;
  body?: string | (() => string);
  type?: string;
}
const doors: Record<string, Door> = {
  "a task made": { method: "POST", path: () => "/v1/tasks", body: '{"name":"坏"}' },
  "a task renamed": { method: "PATCH", path: () => `/v1/tasks/${task.task_id}`, body: '{"name":"坏"}' },
  "a task removed": { method: "DELETE", path: () => `/v1/tasks/${task.task_id}` },
  "a message posted": {
    method: "POST",
    path: () => `/v1/tasks/${task.task_id}/messages`,
    body: '{"content":"坏"}',
  },
  "a file uploaded": {
    method: "POST",
    path: () => "/v1/files/upload",
    body: multipart("坏.txt"),
    type: "multipart/form-data; boundary=x",
  },
  "a file replaced": {
    method: "POST",
    path: () => "/v1/files/upload",
    body: multipart("文件.txt"),
    type: "multipart/form-data; boundary=x",
  },
  "a file removed": { method: "POST", path: () => "/v1/files/delete", body: '{"path":"文件.txt"}' },
  "the person signed out": { method: "POST", path: () => "/v1/auth/logout" },
  "the person signed in as another": {
    method: "POST",
    path: () => "/v1/auth/login",
    body: () => JSON.stringify({ user_id: randomUUID(), platform_key: platformKey, session: true }),
  },
  "the person signed in by a link": { method: "POST", path: () => "/v1/auth/code", body: '{"code":"x"}' },
};

/** What browsers say of where a request comes from; `own` is the server's own host. */
const sources: Record<string, (own: string) => Lines> = {
  "another site": () => ({ Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" }),
  "another site, by an old browser": () => ({ Origin: "https://evil.example" }),
  "a sandboxed frame": () => ({ Origin: "null", "Sec-Fetch-Site": "cross-site" }),
  "a sandboxed frame of our own": () => ({ Origin: "null", "Sec-Fetch-Site": "same-origin" }),
  "a neighbouring subdomain": (own) => ({ Origin: `http://evil.${own}`, "Sec-Fetch-Site": "same-site" }),
  "a neighbouring port": (own) => ({
    Origin: `http://${own.split(":")[0]}:1`,
    "Sec-Fetch-Site": "same-site",
  }),
  "a port left out": (own) => ({ Origin: `http://${own.split(":")[0]}` }),
  "a host that begins like ours": (own) => ({ Origin: `http://${own}.evil.example` }),
  "a host that ends like ours": (own) => ({ Origin: `http://evil${own}` }),
  "our host as somebody's name": (own) => ({ Origin: `http://${own}@evil.example` }),
  "our host as a path": (own) => ({ Origin: `http://evil.example/${own}` }),
  "our host with a path": (own) => ({ Origin: `http://${own}/x` }),
  "another scheme": (own) => ({ Origin: `file://${own}` }),
  "an extension of the browser": () => ({ Origin: "chrome-extension://abcdefghijklmnop" }),
  "two origins": (own) => ({ Origin: `http://${own}, https://evil.example` }),
  "an origin that is empty": () => ({ Origin: "" }),
  "an own origin that the browser belies": (own) => ({
    Origin: `http://${own}`,
    "Sec-Fetch-Site": "cross-site",
  }),
  "a neighbour that takes our name": (own) => ({ Origin: `http://${own}`, "Sec-Fetch-Site": "same-site" }),
  "a browser that says something new": (own) => ({ Origin: `http://${own}`, "Sec-Fetch-Site": "near" }),
};

/** The kinds of body that a page may send without asking first, and the one that it may not. */
const types = [
  "application/json",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
];

const attempts = Object.entries(doors).flatMap(([what, door]) =>
  Object.entries(sources).flatMap(([from, source]) =>
    (door.type || door.body === undefined ? [door.type] : types).map((type) => ({
      name: `${what} by ${from}${type ? ` as ${type}` : ""}`,
      door,
      source,
      type,
    })),
  ),
);

describe("pages of other origins", () => {
  test(`none of ${attempts.length} requests with the victim's cookie changes anything or sets a cookie`, async () => {
    const before = await readState();
    const faults: string[] = [];
    for (const { name, door, source, type } of attempts) {
      const body = typeof door.body === "function" ? door.body() : door.body;
      const lines = { ...session(), ...source(own), "Content-Type": type };
      const answer = await send(door.method, door.path(), lines, body);
      const { code } = JSON.parse(answer.body) as { code: string };
      // Of an open endpoint the body's kind is looked at first.
      const fine =
        code === "invalid_origin" || (door.path().startsWith("/v1/auth/") && code === "invalid_request");
      if (!fine) faults.push(`${name}: ${answer.status} ${code}`);
      if (/^set-cookie:/im.test(answer.head)) faults.push(`${name}: sets a cookie`);
      if ((await readState()) !== before) faults.push(`${name}: has changed something`);
    }
    expect(faults).toEqual([]);
  }, 60_000);

  test("without an Origin the cookie alone changes nothing either", async () => {
    const before = await readState();
    for (const door of Object.values(doors).filter(({ path }) => !path().startsWith("/v1/auth/"))) {
      const body = typeof door.body === "function" ? door.body() : door.body;
      const lines = { ...session(), "Content-Type": door.type ?? "application/json" };
      expect((await send(door.method, door.path(), lines, body)).status).toBe(403);
    }
    expect(await readState()).toBe(before);
  });

  test("each door opens to the server's own page: what was refused above could have happened", async () => {
    const page = { ...session(), Origin: `http://${own}`, "Sec-Fetch-Site": "same-origin" };
    const order = Object.entries(doors).filter(([what]) => what !== "a task removed");
    const statuses: Record<string, number> = {};
    for (const [what, door] of [...order, ["a task removed", doors["a task removed"]] as const]) {
      if (!door) continue;
      const before = await readState();
      const body = typeof door.body === "function" ? door.body() : door.body;
      const lines = { ...page, "Content-Type": door.type ?? (body && "application/json") };
      const answer = await send(door.method, door.path(), lines, body);
      statuses[what] = answer.status;
      const sets = /^set-cookie:/im.test(answer.head);
      const isAuth = door.path().startsWith("/v1/auth/");
      if (!isAuth) expect([what, (await readState()) !== before]).toEqual([what, true]);
      else expect([what, sets]).toEqual([what, what !== "the person signed in by a link"]);
    }
    expect(statuses).toEqual({
      "a task made": 201,
      "a task renamed": 200,
      "a task removed": 204,
      "a message posted": 202,
      "a file uploaded": 200,
      "a file replaced": 200,
      "a file removed": 200,
      "the person signed out": 204,
      "the person signed in as another": 200,
      "the person signed in by a link": 401,
    });
  });

  test("they read nothing with the victim's cookie, not even where a browser asks nobody", async () => {
    for (const path of ["/v1/tasks", "/v1/me", "/v1/files", "/v1/events"]) {
      for (const [from, source] of Object.entries(sources)) {
        const answer = await send("GET", path, { ...session(), ...source(own) });
        expect([path, from, answer.status]).toEqual([path, from, 403]);
        expect(answer.head).not.toMatch(/^access-control-allow-credentials:/im);
      }
      for (const site of ["cross-site", "same-site"]) {
        const embedded = { ...session(), "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors" };
        expect([path, site, (await send("GET", path, embedded)).status]).toEqual([path, site, 403]);
      }
    }
    for (const site of ["same-origin", "none", undefined]) {
      expect((await send("GET", "/v1/me", { ...session(), "Sec-Fetch-Site": site })).status).toBe(200);
    }
  });

  test("a program with the platform key, or with a token, may say any origin or none", async () => {
    const login = JSON.stringify({ user_id: randomUUID(), platform_key: platformKey });
    const json = { "Content-Type": "application/json" };
    for (const Origin of [undefined, "https://app.example"]) {
      expect((await send("POST", "/v1/auth/login", { ...json, Origin }, login)).status).toBe(200);
      const bearer = { ...json, Origin, Authorization: `Bearer ${victim.token}` };
      expect((await send("POST", "/v1/tasks", bearer, '{"name":"程序"}')).status).toBe(201);
    }
  });
});
