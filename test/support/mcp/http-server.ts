import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request to the server held. */
export interface McpRequest {
  http: string;
  headers: IncomingMessage["headers"];
  method: string | undefined;
  id: number | undefined;
  params: { name?: string; arguments?: Record<string, unknown>; requestId?: number } | undefined;
}

/** A server of tools by streamable HTTP on loopback, in this process. */
export interface McpHttpServer {
  url: string;
  requests: McpRequest[];
  /** Answers that are open at the moment. */
  open: Set<ServerResponse>;
  /** Says nothing any more. */
  fallSilent(): void;
  /** Forgets all sessions, as a server does that was started anew. */
  forgetSessions(): void;
  close(): Promise<void>;
}

/** `answers`: what is done with a call of each tool; undefined from it leaves the answer open. */
export async function startMcpServer(
  answers: Record<string, (request: McpRequest, answer: ServerResponse) => object | undefined>,
): Promise<McpHttpServer> {
  const requests: McpRequest[] = [];
  const open = new Set<ServerResponse>();
  const sessions = new Set<string>();
  let isSilent = false;
  const server = createServer(async (incoming, answer) => {
    open.add(answer);
    answer.on("close", () => open.delete(answer));
    let body = "";
    for await (const chunk of incoming) body += chunk;
    const { method, id, params } = body === "" ? {} : JSON.parse(body);
    const request: McpRequest = {
      http: incoming.method ?? "",
      headers: incoming.headers,
      method,
      id,
      params,
    };
    requests.push(request);
    const session = String(incoming.headers["mcp-session-id"] ?? "");
    const reply = (result: object, headers: Record<string, string> = {}): void => {
      answer.writeHead(200, { "Content-Type": "application/json", ...headers });
      answer.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
    };
    const end = (status: number): void => void answer.writeHead(status).end();
    if (isSilent) return;
    if (method === "initialize") {
      const name = crypto.randomUUID();
      sessions.add(name);
      const capabilities = { tools: {} };
      const serverInfo = { name: "网络", version: "1" };
      return reply({ protocolVersion: "2025-11-25", capabilities, serverInfo }, { "mcp-session-id": name });
    }
    if (!sessions.has(session)) return end(404);
    if (request.http === "DELETE") {
      sessions.delete(session);
      return end(204);
    }
    if (request.http === "GET") return end(405);
    if (id === undefined) return end(202);
    if (method === "tools/list") {
      const inputSchema = { type: "object", properties: { text: { type: "string" } } };
      return reply({ tools: Object.keys(answers).map((name) => ({ name, description: name, inputSchema })) });
    }
    const result = answers[params?.name ?? ""]?.(request, answer);
    if (result) reply(result);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    requests,
    open,
    fallSilent() {
      isSilent = true;
    },
    forgetSessions: () => sessions.clear(),
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
