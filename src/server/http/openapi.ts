import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { api } from "../../protocol/api.ts";
import type { Endpoint } from "../../protocol/endpoints/endpoint.ts";
import { errorStatus } from "../../protocol/error.ts";
import { eventData } from "../../protocol/event.ts";
import { ErrorBody } from "../../protocol/server.ts";
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
  const pathSchema = z.object(Object.fromEntries(ids.map((id) => [id, z.string().meta({ format: "uuid" })])));
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
    responses: { [String(row.status) as "200"]: describeSuccess(row), ...describeErrors(row) },
  };
  if (row.open) operation.security = [];
  if (row.body)
    operation.requestBody = { required: true, content: { "application/json": { schema: row.body } } };
  if (row.upload) {
    operation.requestBody = { required: true, content: { "multipart/form-data": { schema: row.upload } } };
  }
  return operation;
}

function describeSuccess(row: Endpoint) {
  const description = row.summary;
  if (row.response === undefined) return { description };
  if (row.response === "events" || row.response === "changes") {
    const told = row.response === "events" ? eventData : taskChangeData;
    return { description: describeEvents(told), content: { "text/event-stream": { schema: z.string() } } };
  }
  const bytes = z.string().meta({ format: "binary" });
  if (row.response === "file")
    return { description, content: { "application/octet-stream": { schema: bytes } } };
  if (row.response === "docx") return { description, content: { [docxType]: { schema: bytes } } };
  return { description, content: { "application/json": { schema: row.response } } };
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

function describeErrors(row: Endpoint) {
  const shaped = row.query || row.body || row.upload;
  const codes = [
    ...(row.errors ?? []),
    ...(row.open ? [] : (["unauthorized"] as const)),
    ...(shaped ? (["invalid_request", "invalid_text"] as const) : []),
    ...(row.body ? (["too_large"] as const) : []),
    "unavailable" as const,
  ];
  const byStatus = Map.groupBy(new Set(codes), (code) => errorStatus[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status) as "400",
      {
        description: group.map((code) => `\`${code}\``).join(", "),
        content: { "application/json": { schema: row.path === "/healthz" ? z.unknown() : ErrorBody } },
      },
    ]),
  );
}
