import { encodeForm, formType } from "../support/api/multipart.ts";
import type { RawRequest } from "../support/api/raw-request.ts";
import type { Operation } from "./document.ts";
import type { Caller, Model } from "./model.ts";
import type { Step } from "./steps.ts";

/** How the people of a sequence show who they are. */
export interface People {
  url: string;
  tokens: readonly [string, string];
}

/** A request as it is sent, with what is known beforehand of its answer. */
export interface BuiltRequest {
  sent: RawRequest;
  caller: Caller;
  /** The ids of its path, as they were found. */
  taskId: string | undefined;
  /** Nothing that the path names is missing for whoever asks. */
  exists: boolean;
  /** The credential is good. */
  allowed: boolean;
}

/** Turns a step into the request it means now. */
export function buildRequest(step: Step, operation: Operation, model: Model, people: People): BuiltRequest {
  const caller: Caller = step.credential === "second" ? 1 : 0;
  let exists = true;
  let taskId: string | undefined;
  let path = operation.path;
  for (const [name, reference] of Object.entries(step.ids)) {
    const id = model.resolve(reference, caller, taskId) ?? { text: reference, exists: true };
    if (name === "task_id") taskId = canonical(id.text);
    exists &&= id.exists;
    path = path.replace(`{${name}}`, () => id.text);
  }
  const { body, type } = encodeBody(step, model, caller, taskId);
  const credential = operation.open ? {} : credentialOf(step, people);
  const method = spellMethod(step, operation.method);
  const address = spellPath(step, path);
  return {
    caller,
    taskId,
    exists,
    allowed: operation.open || !["none", "bad", "foreign page"].includes(step.credential),
    sent: {
      method,
      path: address + (step.query === "" ? "" : `?${step.query}`),
      headers: {
        ...step.headers,
        ...credential,
        ...(type !== undefined && { "Content-Type": type }),
      },
      ...(body !== undefined && { body }),
    },
  };
}

function canonical(id: string): string {
  const digits = id.replaceAll("-", "").toLowerCase();
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function credentialOf(step: Step, { url, tokens }: People): Record<string, string> {
  const [own, second] = tokens;
  switch (step.credential) {
    case "own":
      return { Authorization: `Bearer ${own}` };
    case "second":
      return { Authorization: `Bearer ${second}` };
    case "cookie":
      return { Cookie: `zcbot_session=${own}`, Origin: url };
    case "foreign page":
      return { Cookie: `zcbot_session=${own}`, Origin: "https://evil.example" };
    case "bad":
      return { Authorization: `Bearer ${own.slice(0, -2)}` };
    case "none":
      return {};
  }
}

function encodeBody(
  { body }: Step,
  model: Model,
  caller: Caller,
  taskId: string | undefined,
): { body?: string | Buffer; type?: string } {
  if (body === null) return {};
  if ("raw" in body)
    return { body: body.raw.body, ...(body.raw.type !== undefined && { type: body.raw.type }) };
  if ("form" in body) return { body: encodeForm(body.form, { end: body.end }), type: formType };
  const text = JSON.stringify(body.json, (_key, value: unknown) =>
    typeof value === "string" ? (model.resolve(value, caller, taskId)?.text ?? value) : value,
  );
  return { body: text ?? "", type: "application/json" };
}

function spellMethod({ oddity, query }: Step, method: string): string {
  if (oddity === null || oddity !== oddity.toUpperCase()) return method;
  // Who gives up on headers that are too large knows no method yet, and refuses with a body.
  return oddity === "HEAD" && query.length > 4_000 ? method : oddity;
}

function spellPath({ oddity }: Step, path: string): string {
  switch (oddity) {
    case "slash":
      return `${path}/`;
    case "double slash":
      return path.replace("/v1/", "//v1//");
    case "dots":
      return path.replace("/v1/", "/v1/x/../");
    case "escaped":
      return path.replace("/v1/", "/%761/");
    default:
      return path;
  }
}
