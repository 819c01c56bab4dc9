import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { sendRaw } from "../support/api/raw-request.ts";

/** As much of JSON Schema as the server's document uses. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  format?: string;
  minimum?: number;
  maximum?: number;
}

interface Content {
  content?: Record<string, { schema: Schema }>;
}

interface DescribedOperation {
  operationId: string;
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: Content;
  responses: Record<string, Content & { description: string }>;
  security?: unknown[];
}

/** What the document says of one status of an operation. */
export interface DocumentedAnswer {
  description: string;
  /** The check of each type of content; empty where there is none. */
  types: Map<string, ValidateFunction>;
}

/** One operation of the document. */
export interface Operation {
  id: string;
  method: string;
  path: string;
  open: boolean;
  parameters: { name: string; in: string; schema: Schema }[];
  json: Schema | undefined;
  form: Schema | undefined;
  answers: Map<number, DocumentedAnswer>;
}

export interface ApiDocument {
  operations: Operation[];
  /** The schema that a reference leads to. */
  follow(schema: Schema): Schema;
}

/** Reads the document from the server itself: nothing here knows its routes otherwise. */
export async function readDocument(url: string): Promise<ApiDocument> {
  const { body } = await sendRaw(url, { method: "GET", path: "/openapi.json" });
  const document = JSON.parse(body.toString()) as {
    paths: Record<string, Record<string, DescribedOperation>>;
    components?: { schemas?: Record<string, Schema> };
  };
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...document, $id: "document" });
  const compile = (...keys: string[]) =>
    ajv.compile({
      $ref: `document#/${keys.map((key) => encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`,
    });
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]): Operation => {
      const answers = Object.entries(described.responses).map(
        ([status, { description, content = {} }]): [number, DocumentedAnswer] => {
          const checks = Object.keys(content).map((type): [string, ValidateFunction] => [
            type,
            compile("paths", path, method, "responses", status, "content", type, "schema"),
          ]);
          return [Number(status), { description, types: new Map(checks) }];
        },
      );
      const content = described.requestBody?.content ?? {};
      return {
        id: described.operationId,
        method: method.toUpperCase(),
        path,
        open: described.security?.length === 0,
        parameters: described.parameters ?? [],
        json: content["application/json"]?.schema,
        form: content["multipart/form-data"]?.schema,
        answers: new Map(answers),
      };
    }),
  );
  const follow = (schema: Schema): Schema => {
    const name = /^#\/components\/schemas\/(.*)$/.exec(schema.$ref ?? "")?.[1];
    return name === undefined ? schema : follow(document.components?.schemas?.[name] ?? {});
  };
  return { operations, follow };
}
