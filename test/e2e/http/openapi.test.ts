import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, createTask, stranger } from "../../support/api/request.ts";
import { finishRun } from "../../support/api/runs.ts";
import { startTestServer, type TestServer, type TestUser } from "../../support/server.ts";

interface Operation {
  operationId?: string;
  parameters?: { name: string; in: string; required?: boolean; schema: unknown }[];
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>;
  requestBody?: { content: Record<string, { schema: unknown }> };
  security?: unknown[];
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

let server: TestServer;
let user: TestUser;
let document: Document;

beforeAll(async () => {
  server = await startTestServer();
  user = await server.createUser();
  document = (await ask<Document>(stranger(server.url), "GET", "/openapi.json")).body;
});
afterAll(() => server.close());

/** Part 1 of the contract, by hand. */
const routes = [
  "get /healthz",
  "post /v1/auth/login",
  "post /v1/auth/code",
  "post /v1/tasks",
  "get /v1/tasks",
  "get /v1/tasks/{task_id}",
  "patch /v1/tasks/{task_id}",
  "delete /v1/tasks/{task_id}",
  "get /v1/folders",
  "get /v1/tasks/{task_id}/messages",
  "post /v1/tasks/{task_id}/messages",
  "post /v1/tasks/{task_id}/runs/{run_id}/cancel",
  "get /v1/tasks/{task_id}/runs/{run_id}/events",
  "get /v1/files",
  "get /v1/files/download",
  "post /v1/files/upload",
  "post /v1/files/delete",
  "get /v1/tasks/{task_id}/export",
];

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      route: `${method} ${path}`,
      method,
      path,
      operation,
    })),
  );

/** Checks of the document's own schemas, by JSON pointer. */
function createSchemas() {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...document, $id: "document" });
  const at = (...keys: string[]) =>
    keys.map((key) => encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
  return (...keys: string[]) => ajv.compile({ $ref: `document#/${at(...keys)}` });
}

describe("the OpenAPI document", () => {
  test("is of version 3.1 and says what it describes", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
  });

  test("has every route of the contract", () => {
    expect(operations().map(({ route }) => route)).toEqual(expect.arrayContaining(routes));
  });

  test("names every path parameter, and each operation once", () => {
    for (const { route, path, operation } of operations()) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect([route, described.map(({ name }) => name).toSorted()]).toEqual([route, wanted.toSorted()]);
      expect(described.every(({ required }) => required === true)).toBe(true);
    }
    const names = operations().map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  test("every schema in it is a valid JSON Schema, every reference leads somewhere", () => {
    const schemaAt = createSchemas();
    for (const { route, method, path, operation } of operations()) {
      const place = ["paths", path, method];
      for (const type of Object.keys(operation.requestBody?.content ?? {})) {
        expect(() => schemaAt(...place, "requestBody", "content", type, "schema"), route).not.toThrow();
      }
      for (const [status, { description, content }] of Object.entries(operation.responses)) {
        expect(description, route).toBeTypeOf("string");
        for (const type of Object.keys(content ?? {})) {
          expect(
            () => schemaAt(...place, "responses", status, "content", type, "schema"),
            route,
          ).not.toThrow();
        }
      }
      for (const index of (operation.parameters ?? []).keys()) {
        expect(() => schemaAt(...place, "parameters", String(index), "schema"), route).not.toThrow();
      }
    }
  });

  test("says which routes are open", () => {
    for (const { route, operation } of operations()) {
      const open = route === "get /healthz" || route.includes(" /v1/auth/");
      expect([route, operation.security?.length === 0]).toEqual([route, open]);
    }
  });

  test("describes what the server answers", async () => {
    const task = await createTask(user, { name: "描述" });
    await finishRun(user, task.task_id);
    const asked: [string, string, string, unknown?][] = [
      ["get /v1/tasks", "GET", "/v1/tasks"],
      ["get /v1/tasks/{task_id}", "GET", `/v1/tasks/${task.task_id}`],
      ["get /v1/tasks/{task_id}/messages", "GET", `/v1/tasks/${task.task_id}/messages`],
      ["get /v1/folders", "GET", "/v1/folders"],
      ["get /v1/files", "GET", "/v1/files"],
      ["get /healthz", "GET", "/healthz"],
      ["post /v1/tasks", "POST", "/v1/tasks", { name: "描述二" }],
      ["post /v1/tasks", "POST", "/v1/tasks", { name: 1 }],
      ["post /v1/tasks", "POST", "/v1/tasks", { name: "/" }],
      ["get /v1/tasks/{task_id}", "GET", "/v1/tasks/no-id"],
      ["get /v1/tasks", "GET", "/v1/tasks?page=x"],
    ];
    const schemaAt = createSchemas();
    for (const [route, method, path, json] of asked) {
      const answer = await ask<unknown>(user, method, path, json);
      const [verb = "", template = ""] = route.split(" ");
      const content = ["content", "application/json", "schema"];
      const validate = schemaAt("paths", template, verb, "responses", String(answer.status), ...content);
      const said = [route, answer.status, validate(answer.body), validate.errors];
      expect(said).toEqual([route, answer.status, true, null]);
    }
  });
});

/** Every address that a page, a style or a script could fetch from elsewhere. */
const external =
  /(?:src|href)=["']?(?:https?:)?\/\/|url\(["']?(?:https?:)?\/\/|@import\s+["'](?:https?:)?\/\//i;

test("/docs is a page that loads nothing from elsewhere", async ({ skip }) => {
  const page = await ask<string>(stranger(server.url), "GET", "/docs");
  if (page.status === 404) skip("the reference is not built");
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(page.text).not.toMatch(external);
  const parts = [...page.text.matchAll(/(?:src|href)="(?!data:)([^"#]+)"/g)].map(
    ([, address]) => address ?? "",
  );
  expect(parts).not.toHaveLength(0);
  for (const part of parts) {
    const answer = await ask<string>(
      stranger(server.url),
      "GET",
      new URL(part, `${server.url}/docs`).pathname,
    );
    expect([part, answer.status]).toEqual([part, 200]);
  }
});
