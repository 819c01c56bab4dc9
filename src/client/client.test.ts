import { describe, expect, test } from "vitest";
import { ApiError } from "../protocol/error.ts";
import { type ClientOptions, createClient } from "./client.ts";
import { ConnectionError } from "./connection-error.ts";

interface Sent {
  address: string;
  request: RequestInit;
}

/** A client whose requests are kept and answered by `answer`. */
function clientOf(answer: () => Response | Promise<Response>, more: Partial<ClientOptions> = {}) {
  const sent: Sent[] = [];
  const fetch: ClientOptions["fetch"] = async (address, request = {}) => {
    sent.push({ address: String(address), request });
    return answer();
  };
  return { sent, client: createClient({ baseUrl: "http://主机.test/", fetch, ...more }) };
}

function refusal(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

const signal = new AbortController().signal;

describe("a request", () => {
  test("carries what its row of the contract has, in the row's order", async () => {
    const { client, sent } = clientOf(() => Response.json({ task_id: "t" }), {
      token: "令牌".length.toString(),
    });
    await client.updateTask({ task_id: "a/b" }, { name: "季度报告" }, { signal });
    expect(sent[0]?.address).toBe("http://主机.test/v1/tasks/a%2Fb");
    expect(sent[0]?.request).toMatchObject({ method: "PATCH", body: '{"name":"季度报告"}', signal });
    const headers = new Headers(sent[0]?.request.headers);
    expect(headers.get("Content-Type")).toBe("application/json");
    expect(headers.get("Authorization")).toBe("Bearer 2");
  });

  test("leaves out of the query what is undefined, and survives any text in it", async () => {
    const { client, sent } = clientOf(() => Response.json({}));
    await client.listTasks({ q: "50% & 更多?", page: 2, status: undefined });
    const address = new URL(sent[0]?.address ?? "");
    expect(Object.fromEntries(address.searchParams)).toEqual({ q: "50% & 更多?", page: "2" });
    await client.listTasks();
    expect(sent[1]?.address).toBe("http://主机.test/v1/tasks");
  });

  test("of a page goes to the page's own server, with its cookie and no token", async () => {
    const { client, sent } = clientOf(() => Response.json({}), { baseUrl: "" });
    await client.me();
    expect(sent[0]?.address).toBe("/v1/me");
    expect(sent[0]?.request.credentials).toBe("same-origin");
    expect(new Headers(sent[0]?.request.headers).has("Authorization")).toBe(false);
  });

  test("uploads a form as it is", async () => {
    const { client, sent } = clientOf(() => Response.json({ count: 0, saved: [] }));
    const form = new FormData();
    await client.uploadFiles(form, { signal });
    expect(sent[0]?.request.body).toBe(form);
    expect(new Headers(sent[0]?.request.headers).has("Content-Type")).toBe(false);
  });

  test("uploads an archive as it is", async () => {
    const { client, sent } = clientOf(() => Response.json({}));
    const archive = new Blob(["包"]);
    await client.putSkill({ name: "周报" }, archive);
    expect(sent[0]?.request.body).toBe(archive);
    expect(sent[0]?.address).toMatch(/\/v1\/skills\/%E5%91%A8%E6%8A%A5$/);
  });
});

describe("an answer", () => {
  test("without content is undefined; a file is handed over unread", async () => {
    expect(await clientOf(() => new Response(null, { status: 204 })).client.signOut()).toBeUndefined();
    const { client } = clientOf(() => new Response("内容"));
    const response = await client.downloadFile({ path: "报告.txt" });
    expect(response.bodyUsed).toBe(false);
    expect(await response.text()).toBe("内容");
  });

  test("that refuses becomes the ApiError that the server threw", async () => {
    const body = { detail: "Too many requests.", code: "rate_limited", request_id: "r-1" };
    const { client } = clientOf(() => refusal(429, body, { "Retry-After": "7" }));
    const error = await client.me().catch((reason) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: "rate_limited",
      status: 429,
      message: "Too many requests.",
      retryAfter: 7,
      requestId: "r-1",
    });
  });

  test("about a wrong shape lists its issues and says them in one sentence", async () => {
    const issues = [{ loc: ["body", "name"], msg: "Required", type: "missing" }];
    const body = { detail: issues, code: "invalid_request", request_id: "r" };
    const error = await clientOf(() => refusal(422, body))
      .client.createTask({ name: "" })
      .catch((reason) => reason);
    expect(error).toMatchObject({ issues, message: "name: Required", code: "invalid_request" });
  });

  test("with a code of a newer server keeps its status", async () => {
    const body = { detail: "Pay first.", code: "budget_spent", request_id: "r" };
    const refused = (status: number) =>
      clientOf(() => refusal(status, body))
        .client.me()
        .catch((reason: ApiError) => reason.status);
    expect(await refused(409)).toBe(409);
    expect(await refused(599)).toBe(500);
    expect(await refused(418)).toBe(422);
  });

  test("of a proxy, a broken-off one or none at all is a ConnectionError", async () => {
    const page = () => new Response("<html>Bad Gateway</html>", { status: 502 });
    await expect(clientOf(page).client.me()).rejects.toThrow(ConnectionError);
    await expect(clientOf(() => new Response('{"user_')).client.me()).rejects.toThrow(ConnectionError);
    const refuse = () => Promise.reject(new TypeError("fetch failed"));
    await expect(clientOf(refuse).client.me()).rejects.toThrow("could not be reached");
    await expect(clientOf(refuse).client.me()).rejects.toBeInstanceOf(TypeError);
  });

  test("that was given up rejects with the signal's reason", async () => {
    const controller = new AbortController();
    controller.abort(new Error("不要了"));
    const { client } = clientOf(() => Promise.reject(controller.signal.reason));
    await expect(client.me({ signal: controller.signal })).rejects.toThrow("不要了");
  });
});
