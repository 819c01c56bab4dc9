import type { TestUser } from "../server.ts";

/** An answer read to its end; `body` is its JSON where it is JSON, else its text. */
export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
  /** The body as it came. */
  text: string;
}

/** The error form of the contract. */
export interface ErrorAnswer {
  detail: string | { loc: (string | number)[]; msg: string; type: string }[];
  code: string;
  request_id: string;
}

/** The task object, as the contract lists it. */
export interface TaskAnswer {
  task_id: string;
  name: string;
  description: string;
  working_dir: string;
  status: string;
  skill: string;
  model: string;
  model_profile: string;
  tokens_prompt: number;
  tokens_completion: number;
  tokens: number;
  created_at: string;
  updated_at: string;
  n_messages: number;
}

export interface PageAnswer {
  page: number;
  page_size: number;
  count: number;
  results: TaskAnswer[];
}

export interface StoredMessage {
  idx: number;
  payload: {
    role: "user" | "assistant" | "tool";
    content: string | null;
    tool_calls?: { id: string; type: "function"; function: { name: string; arguments: string } }[];
    tool_call_id?: string;
  };
  tokens_in: number;
  tokens_out: number;
  created_at: string;
}

/** One request as this user, with `json` as its body if given. `Body` is what the caller expects; nothing checks it. */
export async function ask<Body = ErrorAnswer>(
  user: Pick<TestUser, "fetch">,
  method: string,
  path: string,
  json?: unknown,
): Promise<Answer<Body>> {
  return readAnswer<Body>(await user.fetch(path, { method, ...(json !== undefined && { json }) }));
}

export async function readAnswer<Body = ErrorAnswer>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  const body = (isJson ? JSON.parse(text) : text) as Body;
  return { status: response.status, headers: response.headers, body, text };
}

/** Somebody without a credential; `headers` may bring one of the test's own making. */
export function stranger(url: string, headers: Record<string, string> = {}): Pick<TestUser, "fetch"> {
  return {
    fetch(path, { json, headers: more, ...init } = {}) {
      const sent = new Headers({ ...headers, ...Object.fromEntries(new Headers(more)) });
      if (json !== undefined) sent.set("Content-Type", "application/json");
      const body = json === undefined ? init.body : JSON.stringify(json);
      return fetch(url + path, { redirect: "manual", ...init, headers: sent, ...(body != null && { body }) });
    },
  };
}

/** A new task; its name defaults to one in Chinese. */
export async function createTask(
  user: Pick<TestUser, "fetch">,
  fields: Record<string, unknown> = {},
): Promise<TaskAnswer> {
  const answer = await ask<TaskAnswer>(user, "POST", "/v1/tasks", { name: "水泥申报", ...fields });
  if (answer.status !== 201) throw new Error(`no task: ${answer.status} ${answer.text}`);
  return answer.body;
}
