import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, createTask, type PageAnswer, type TaskAnswer } from "../../support/api/request.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

let server: TestServer;
let user: TestUser;
const tasks = new Map<string, TaskAnswer>();

/** Created in this order. */
const given: Record<string, unknown>[] = [
  { name: "alpha", description: "Erste Aufgabe", skill: "report", working_dir: "共享" },
  { name: "Beta 100%", description: "水泥", skill: "Report", working_dir: "共享" },
  { name: "gamma_x", description: "100 percent", skill: "report " },
  { name: "gammaYx", description: "back\\slash", working_dir: "别处" },
  { name: "ÉCOLE Привет", description: "" },
];

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
  for (const fields of given) tasks.set(String(fields.name), await createTask(user, fields));
  await patch("alpha", { status: "completed" });
  await patch("gamma_x", { status: "abandoned" });
});
afterAll(() => server.close());

const patch = (name: string, body: unknown) =>
  ask<TaskAnswer>(user, "PATCH", `/v1/tasks/${tasks.get(name)?.task_id}`, body);
const list = async (query: Record<string, string | number> = {}, who = user) => {
  const search = new URLSearchParams(
    Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
  );
  const answer = await ask<PageAnswer>(who, "GET", `/v1/tasks?${search}`);
  expect(answer.status).toBe(200);
  return answer.body;
};
const names = async (query: Record<string, string | number>) => {
  const page = await list(query);
  expect(page.count).toBe(page.results.length);
  return page.results.map(({ name }) => name);
};
const everything = given.map(({ name }) => name).toReversed();

describe("the page", () => {
  test("has its four fields, and whole tasks in it", async () => {
    const page = await list();
    expect(Object.keys(page).toSorted()).toEqual(["count", "page", "page_size", "results"]);
    expect(page).toMatchObject({ page: 1, page_size: 20, count: 5 });
    for (const result of page.results) {
      const alone = await ask<TaskAnswer>(user, "GET", `/v1/tasks/${result.task_id}`);
      expect(result).toEqual(alone.body);
      expect(result.n_messages).toBe(0);
    }
  });

  test("of somebody without tasks is empty", async () => {
    const page = await list({}, await server.createUser());
    expect(page).toEqual({ page: 1, page_size: 20, count: 0, results: [] });
  });

  const clamped: [Record<string, string | number>, page: number, size: number, results: number][] = [
    [{ page: 0 }, 1, 20, 5],
    [{ page: -7 }, 1, 20, 5],
    [{ page_size: 0 }, 1, 1, 1],
    [{ page_size: -1 }, 1, 1, 1],
    [{ page_size: 101 }, 1, 100, 5],
    [{ page_size: "99999999999999999999999999" }, 1, 100, 5],
    [{ page: "-99999999999999999999999999" }, 1, 20, 5],
    [{ page: 2, page_size: 2 }, 2, 2, 2],
    [{ page: 3, page_size: 2 }, 3, 2, 1],
    [{ page: 4, page_size: 2 }, 4, 2, 0],
  ];
  test.each(clamped)("%j is clamped to what there can be", async (query, page, size, results) => {
    const answer = await list(query);
    expect([answer.page, answer.page_size, answer.results.length]).toEqual([page, size, results]);
    expect(answer.count).toBe(5);
  });

  const absurd = [
    "2147483648",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    `1${"0".repeat(18)}`,
    `1${"0".repeat(400)}`,
  ];
  test.each(absurd)("page %s is simply empty", async (page) => {
    for (const page_size of [1, 100]) {
      expect(await list({ page, page_size, ordering: "name" })).toMatchObject({ count: 5, results: [] });
      expect(await list({ page, page_size, q: "a" })).toMatchObject({ results: [] });
    }
  });
});

describe("filters", () => {
  const filters: [Record<string, string>, unknown[]][] = [
    [{ status: "active" }, ["ÉCOLE Привет", "gammaYx", "Beta 100%"]],
    [{ status: "completed" }, ["alpha"]],
    [{ status: "abandoned" }, ["gamma_x"]],
    [{ status: "running" }, everything],
    [{ status: "" }, everything],
    [{ status: "Active" }, everything],
    [{ status: "' or 1=1 --" }, everything],
    [{ skill: "report" }, ["gamma_x", "alpha"]],
    [{ skill: "Report" }, ["Beta 100%"]],
    [{ skill: "rep" }, []],
    [{ skill: "rep%" }, []],
    [{ skill: "" }, everything],
    [{ working_dir: "共享" }, ["Beta 100%", "alpha"]],
    [{ working_dir: "gamma_x" }, ["gamma_x"]],
    [{ working_dir: "共" }, []],
    [{ working_dir: "gamma%" }, []],
    [{ working_dir: "../共享" }, []],
    [{ working_dir: "" }, everything],
    [{ working_dir: "共享", status: "completed", skill: "report", q: "ALPHA" }, ["alpha"]],
    [{ working_dir: "共享", status: "abandoned" }, []],
  ];
  test.each(filters)("%j", async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });
});

describe("q is a substring of name or description, whatever the case", () => {
  const searches: [string, string[]][] = [
    ["ALPHA", ["alpha"]],
    ["erste", ["alpha"]],
    ["水泥", ["Beta 100%"]],
    ["%", ["Beta 100%"]],
    ["100%", ["Beta 100%"]],
    ["100", ["gamma_x", "Beta 100%"]],
    ["_", ["gamma_x"]],
    ["gamma_x", ["gamma_x"]],
    ["GAMMA", ["gammaYx", "gamma_x"]],
    ["\\", ["gammaYx"]],
    ["back\\slash", ["gammaYx"]],
    ["\\%", []],
    ["%%", []],
    ["école", ["ÉCOLE Привет"]],
    ["пРИВЕТ", ["ÉCOLE Привет"]],
    ["'", []],
    ["alpha beta", []],
    ["x".repeat(5000), []],
  ];
  test.each(searches)("%s", async (q, expected) => {
    expect(await names({ q })).toEqual(expected);
  });

  test("an empty one filters nothing", async () => {
    expect(await names({ q: "" })).toEqual(everything);
  });
});

describe("ordering", () => {
  const byName = ["Beta 100%", "alpha", "gammaYx", "gamma_x", "ÉCOLE Привет"];
  const orders: [string, unknown[]][] = [
    ["", everything],
    ["-created_at", everything],
    ["created_at", everything.toReversed()],
    ["nonsense", everything],
    [",,", everything],
    ["nonsense,created_at", everything.toReversed()],
    [" created_at ", everything.toReversed()],
    ["--created_at", everything],
    ["created_at; drop table tasks", everything],
    ["task_id", everything],
    ["-updated_at", ["gamma_x", "alpha", "ÉCOLE Привет", "gammaYx", "Beta 100%"]],
    ["updated_at", ["Beta 100%", "gammaYx", "ÉCOLE Привет", "alpha", "gamma_x"]],
    ["status,created_at", ["gamma_x", "Beta 100%", "gammaYx", "ÉCOLE Привет", "alpha"]],
    ["-status,-created_at", ["alpha", "ÉCOLE Привет", "gammaYx", "Beta 100%", "gamma_x"]],
    ["status,nonsense,-created_at", ["gamma_x", "ÉCOLE Привет", "gammaYx", "Beta 100%", "alpha"]],
  ];
  test.each(orders)("'%s'", async (ordering, expected) => {
    expect(await names({ ordering })).toEqual(expected);
  });

  test("by name, there and back", async () => {
    // Postgres as zcbot brings it along sorts by code point; one of somebody's own may know a language.
    const forth = await names({ ordering: "name" });
    expect(forth.toSorted()).toEqual(byName.toSorted());
    expect(await names({ ordering: "-name" })).toEqual(forth.toReversed());
  });

  test("pages neither overlap nor skip where everything else is equal", async () => {
    const crowd = await server.createUser();
    const made = await Promise.all(Array.from({ length: 23 }, () => createTask(crowd, { name: "一样" })));
    for (const ordering of ["name", "-name", "status", "-status,name", "name,-created_at", "created_at"]) {
      const seen: string[] = [];
      for (let page = 1; page <= 6; page += 1) {
        const { results } = await list({ page, page_size: 5, ordering }, crowd);
        seen.push(...results.map(({ task_id }) => task_id));
      }
      expect(seen.toSorted()).toEqual(made.map(({ task_id }) => task_id).toSorted());
    }
  });
});

describe("folders", () => {
  interface Folders {
    folders: { name: string; n_tasks: number; last_used: string | null }[];
  }

  test("lists non-hidden directories, the latest used first, the never used last by name", async () => {
    const own = await server.createUser();
    const root = join(server.dataDir, "workspace/users", own.userId);
    expect((await ask<Folders>(own, "GET", "/v1/folders")).body).toEqual({ folders: [] });

    const first = await createTask(own, { name: "一", working_dir: "旧" });
    await createTask(own, { name: "二", working_dir: "共用" });
    await createTask(own, { name: "三", working_dir: "共用" });
    await mkdir(join(root, "乙从未用过"));
    await mkdir(join(root, "Bnever"));
    await mkdir(join(root, "anever"));
    await mkdir(join(root, ".memory"), { recursive: true });
    await writeFile(join(root, "文件.txt"), "不是目录");

    const before = (await ask<Folders>(own, "GET", "/v1/folders")).body.folders;
    expect(before.map(({ name, n_tasks }) => [name, n_tasks])).toEqual([
      ["共用", 2],
      ["旧", 1],
      ["Bnever", 0],
      ["anever", 0],
      ["乙从未用过", 0],
    ]);
    expect(before.slice(2).map(({ last_used }) => last_used)).toEqual([null, null, null]);

    const touched = await ask<TaskAnswer>(own, "PATCH", `/v1/tasks/${first.task_id}`, {
      description: "用了",
    });
    const [latest] = (await ask<Folders>(own, "GET", "/v1/folders")).body.folders;
    expect(latest).toEqual({ name: "旧", n_tasks: 1, last_used: touched.body.updated_at });
  });

  test("stay when their tasks are deleted", async () => {
    const own = await server.createUser();
    const task = await createTask(own, { name: "留下" });
    await ask(own, "DELETE", `/v1/tasks/${task.task_id}`);
    const { folders } = (await ask<Folders>(own, "GET", "/v1/folders")).body;
    expect(folders).toEqual([{ name: "留下", n_tasks: 0, last_used: null }]);
  });
});

test("an unknown user's tasks are nobody's: ids are never mixed up", async () => {
  expect((await ask(user, "GET", `/v1/tasks/${randomUUID()}`)).status).toBe(404);
});
