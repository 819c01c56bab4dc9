import fc from "fast-check";
import type { FormPart } from "../support/api/multipart.ts";
import type { ApiDocument, Operation } from "./document.ts";
import { nearValuesOf, valuesOf } from "./values/from-schema.ts";
import { hostileText, oddHeaders, type RawBody, rawBody } from "./values/hostile.ts";
import { pathValue } from "./values/references.ts";

/** Who asks: by which credential, good or bad. */
export type Credential = "own" | "cookie" | "second" | "none" | "bad" | "foreign page";

export type Body = { json: unknown } | { raw: RawBody } | { form: FormPart[]; end: boolean } | null;

/** One request of a sequence, its ids still to be found among what there is by then. */
export interface Step {
  operation: string;
  credential: Credential;
  /** References for the path's parameters, by name. */
  ids: Record<string, string>;
  /** The query as it stands in the address. */
  query: string;
  headers: Record<string, string>;
  body: Body;
  /** Another spelling of the address, or another method: then only the form of the answer is known. */
  oddity: Oddity | null;
}

export type Oddity =
  | "slash"
  | "double slash"
  | "dots"
  | "escaped"
  | "HEAD"
  | "OPTIONS"
  | "PUT"
  | "TRACE"
  | "PROPFIND";

/** One request, or two at the same time. */
export type Move = Step | [Step, Step];

/** How often an operation is drawn, where it is not once: what makes things, and what is slow. */
const weights: Record<string, number> = {
  createTask: 4,
  postMessage: 8,
  answerRun: 5,
  updatePending: 2,
  uploadFiles: 3,
  runEvents: 3,
  taskEvents: 2,
  cancelRun: 2,
  exportTask: 1,
  health: 1,
};
const usualWeight = 2;

/** Sequences of requests drawn from the document. */
export function sequences(document: ApiDocument, length: number): fc.Arbitrary<Move[]> {
  const step = fc.oneof(
    ...document.operations.map((operation) => ({
      weight: weights[operation.id] ?? usualWeight,
      arbitrary: stepOf(document, operation),
    })),
  );
  const move = fc.oneof({ weight: 7, arbitrary: step }, { weight: 1, arbitrary: fc.tuple(step, step) });
  return fc.array(move, { minLength: Math.ceil(length / 3), maxLength: length, size: "max" });
}

const credential: fc.Arbitrary<Credential> = fc.oneof(
  { weight: 40, arbitrary: fc.constant("own") },
  { weight: 3, arbitrary: fc.constant("cookie") },
  { weight: 4, arbitrary: fc.constant("second") },
  { weight: 3, arbitrary: fc.constantFrom("none", "bad", "foreign page") },
);

const oddity: fc.Arbitrary<Oddity | null> = fc.oneof(
  { weight: 24, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Oddity[]>(
      "slash",
      "double slash",
      "dots",
      "escaped",
      "HEAD",
      "OPTIONS",
      "PUT",
      "TRACE",
      "PROPFIND",
    ),
  },
);

function stepOf(document: ApiDocument, operation: Operation): fc.Arbitrary<Step> {
  const inPath = operation.parameters.filter((parameter) => parameter.in === "path");
  return fc.record({
    operation: fc.constant(operation.id),
    credential,
    ids: fc.record(Object.fromEntries(inPath.map(({ name }) => [name, pathValue(name)]))),
    query: queryOf(document, operation),
    headers: headersOf(document, operation),
    body: bodyOf(document, operation),
    oddity,
  });
}

function queryOf(document: ApiDocument, operation: Operation): fc.Arbitrary<string> {
  const known = operation.parameters.filter((parameter) => parameter.in === "query");
  const values = fc.record(
    Object.fromEntries(known.map(({ name, schema }) => [name, valuesOf(document, schema, name)])),
    { requiredKeys: [] },
  );
  const encoded = values.map((record) =>
    Object.entries(record)
      .map(([name, value]) => `${name}=${encodeURIComponent(String(value).toWellFormed())}`)
      .join("&"),
  );
  const name = fc.constantFrom(
    ...known.map((parameter) => parameter.name).filter((each) => each !== "wait"),
    "x",
  );
  const odd = fc
    .tuple(
      name,
      fc.constantFrom("=%", "=%zz", "=%ff", "=%00", "=%ed%a0%80", "[]=1", "=a&&&=b", "=1;2", "", "=+%2B+"),
    )
    .map((parts) => parts.join(""));
  return fc.oneof({ weight: known.length > 0 ? 10 : 1, arbitrary: encoded }, { weight: 1, arbitrary: odd });
}

function headersOf(document: ApiDocument, operation: Operation): fc.Arbitrary<Record<string, string>> {
  const known = operation.parameters.filter((parameter) => parameter.in === "header");
  const meant = fc.record(
    Object.fromEntries(known.map(({ name, schema }) => [name, valuesOf(document, schema, name).map(String)])),
    { requiredKeys: [] },
  );
  return fc.oneof({ weight: 8, arbitrary: meant }, { weight: 1, arbitrary: oddHeaders }) as fc.Arbitrary<
    Record<string, string>
  >;
}

function bodyOf(document: ApiDocument, operation: Operation): fc.Arbitrary<Body> {
  const raw = rawBody.map((body): Body => ({ raw: body }));
  if (operation.json) {
    const valid = valuesOf(document, operation.json).map((json): Body => ({ json }));
    const near = nearValuesOf(document, operation.json).map((json): Body => ({ json }));
    return fc.oneof(
      { weight: 7, arbitrary: valid },
      { weight: 2, arbitrary: near },
      { weight: 1, arbitrary: raw },
    );
  }
  if (operation.form) {
    return fc.oneof({ weight: 8, arbitrary: formOf() }, { weight: 1, arbitrary: raw });
  }
  // A body where none belongs.
  return fc.oneof({ weight: 20, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: raw });
}

const fileName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("文.txt", "深.md", "图.svg", "页.html", "a b.json") },
  { weight: 2, arbitrary: hostileText.map((text) => text.toWellFormed().replaceAll('"', "%22")) },
);

function formOf(): fc.Arbitrary<Body> {
  const folder = fc.oneof(fc.constantFrom("", "目录", "目录/子", "甲"), hostileText);
  const content = fc.oneof(
    fc.constantFrom("内容", "", "x".repeat(70_000), "<script>alert(1)</script>"),
    hostileText,
  );
  const part: fc.Arbitrary<FormPart> = fc.oneof(
    { weight: 4, arbitrary: folder.map((path) => ({ name: "path", content: path })) },
    { weight: 6, arbitrary: fc.record({ name: fc.constant("files"), filename: fileName, content }) },
    { weight: 1, arbitrary: fc.record({ name: fc.constantFrom("files", "__proto__", "x"), content }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<FormPart[]>(
        { disposition: "form-data" },
        { disposition: "form-data; name=\"files\"; filename*=UTF-8''%00%2e%2e" },
        { disposition: 'attachment; name="files"; filename="x"' },
        { disposition: 'form-data; name="files"; filename="x"; filename="../y"' },
        { filename: "x", headers: ["Content-Type: text/html", "Content-Transfer-Encoding: base64"] },
        { filename: "x", headers: ["X: ".padEnd(20_000, "y")] },
      ),
    },
  );
  return fc.record({
    form: fc.array(part, { maxLength: 7 }),
    end: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.boolean()),
  });
}
