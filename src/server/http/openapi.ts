import { z } from "zod";
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
} from "zod-openapi";
import { api } from "../../protocol/api.ts";
import type { Endpoint } from "../../protocol/endpoints/endpoint.ts";
import { type ErrorCode, errorStatus } from "../../protocol/error.ts";
import { eventData } from "../../protocol/event.ts";
import { ErrorBody, Health } from "../../protocol/server.ts";
import { taskChangeData } from "../../protocol/task.ts";

const docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/** The OpenAPI 3.1 document, printed from the very schemas that check the requests. */
export function createOpenApiDocument(version: string): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const [name, row] of Object.entries<Endpoint>(api)) {
    paths[row.path] = { ...paths[row.path], [row.method.toLowerCase()]: describeOperation(name, row) };
  }
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "zcbot",
      version,
      description: "Tasks, messages, runs and files of a self-hosted AI-agent server.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }, { session: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        session: { type: "apiKey", in: "cookie", name: "zcbot_session" },
      },
    },
  });
}

function describeOperation(name: string, row: Endpoint): ZodOpenApiOperationObject {
  const ids = [...row.path.matchAll(/\{(\w+)\}/g)].map(([, id]) => id ?? "");
  const uuids = ids.map((id) => [id, z.string().meta({ format: "uuid" })]);
  const pathSchema = z.object({ ...Object.fromEntries(uuids), ...row.params?.shape });
  const operation: ZodOpenApiOperationObject = {
    operationId: name,
    tags: [row.tag],
    summary: row.summary,
    requestParams: {
      ...(ids.length > 0 && { path: pathSchema }),
      ...(row.query && { query: row.query }),
      ...((row.response === "events" || row.response === "changes") && { header: resumeHeader }),
      ...(row.headers && { header: row.headers }),
    },
    responses: { ...describeSuccess(row), ...describeErrors(row) },
  };
  if (row.open) operation.security = [];
  if (row.body)
    operation.requestBody = { required: true, content: { "application/json": { schema: row.body } } };
  if (row.archive)
    operation.requestBody = { required: true, content: { "application/zip": { schema: bytes } } };
  if (row.upload) {
    operation.requestBody = { required: true, content: { "multipart/form-data": { schema: row.upload } } };
  }
  return operation;
}

function describeSuccess(row: Endpoint): ZodOpenApiResponsesObject {
  const whole = { description: row.summary, ...describeContent(row.response) };
  const responses: ZodOpenApiResponsesObject = { [String(row.status) as "200"]: whole };
  if (row.response === "file" || row.response === "preview") {
    responses["206"] = { ...whole, description: "The part that `Range` asks for" };
    responses["304"] = { description: "The file is still the one that `If-None-Match` names" };
  }
  return responses;
}

const bytes = z.string().meta({ format: "binary" });

function describeContent(response: Endpoint["response"]): Partial<ZodOpenApiResponseObject> {
  const events = { "text/event-stream": { schema: z.string() } };
  switch (response) {
    case undefined:
      return {};
    case "events":
      return { description: describeEvents(eventData), content: events };
    case "changes":
      return { description: describeEvents(taskChangeData), content: events };
    case "file":
      return { content: { "application/octet-stream": { schema: bytes } } };
    case "preview":
      return { content: { "*/*": { schema: bytes } } };
    case "docx":
      return { content: { [docxType]: { schema: bytes } } };
    default:
      return { content: { "application/json": { schema: response } } };
  }
}

const resumeHeader = z.object({ "Last-Event-ID": z.string().optional() });

function describeEvents(told: Record<string, z.ZodObject>): string {
  const lines = Object.entries(told).map(([type, schema]) => {
    const fields = Object.keys(schema.shape).join(", ");
    return `- \`${type}\` {${fields}}${schema.description ? `: ${schema.description}` : ""}`;
  });
  const form =
    "Server-sent events; each `data` is one line of JSON, and each `id` is what `Last-Event-ID` goes on behind.";
  return [form, "", ...lines].join("\n");
}

/** Every refusal that a request may meet, by status; `test/fuzz` holds the server to it. */
function describeErrors(row: Endpoint) {
  const shaped = row.query || row.body || row.upload || row.params;
  const codes: ErrorCode[] = [
    ...(row.errors ?? []),
    // A malformed id is a thing that does not exist.
    ...(row.path.includes("{task_id}") ? (["task_not_found"] as const) : []),
    ...(row.open ? [] : (["unauthorized", "invalid_origin"] as const)),
    ...(shaped ? (["invalid_request", "invalid_text"] as const) : []),
    ...(row.body ? (["too_large"] as const) : []),
    ...(row.body || row.upload || row.archive ? (["request_timeout"] as const) : []),
    ...(row.expensive ? (["rate_limited"] as const) : []),
    "invalid_host",
    "unavailable",
  ];
  const byStatus = Map.groupBy(new Set(codes), (code) => errorStatus[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status) as "400",
      {
        description: group.map((code) => `\`${code}\``).join(", "),
        ...(status === 429 && { headers: z.object({ "Retry-After": z.int().describe("seconds") }) }),
        content: {
          "application/json": { schema: row.path === "/healthz" && status === 503 ? Health : ErrorBody },
        },
      },
    ]),
  );
}
