import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

// A server of tools over standard input and output, for tests: its argument says how it behaves. It stands alone, as it
// runs inside the sandbox.

const mode = process.argv[2] ?? "plain";

interface Message {
  id?: number;
  method?: string;
  params?: {
    name?: string;
    cursor?: string;
    arguments?: Record<string, unknown>;
    _meta?: { progressToken?: number };
    requestId?: number;
  };
}

const send = (message: object): void =>
  void process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const text = (value: string) => ({ content: [{ type: "text", text: value }] });
const schema = { type: "object", properties: { text: { type: "string" } } };
const tool = (name: string, description = name, inputSchema: object = schema) => ({
  name,
  description,
  inputSchema,
});

let names = [
  "echo",
  "slow",
  "crash",
  "huge",
  "grow",
  "lose",
  "progress",
  "spawn",
  "flood",
  "endless-line",
  "form",
  "deep",
];
let calls = 0;

const tools: Record<string, (message: Message) => object | undefined> = {
  echo: ({ params }) => text(`回声：${params?.arguments?.text ?? JSON.stringify(params?.arguments)}`),
  slow: ({ id }) => {
    writeFileSync("开始.txt", String(id));
    return undefined;
  },
  crash: () => {
    process.stderr.write("无法继续：内存坏了\n");
    process.exit(3);
  },
  huge: () => text("长文\n".repeat(200_000)),
  grow: () => {
    names = [...names, "新的"];
    send({ method: "notifications/tools/list_changed" });
    return text("grown");
  },
  lose: () => {
    names = names.filter((name) => name !== "echo");
    send({ method: "notifications/tools/list_changed" });
    return text("lost");
  },
  progress: ({ params }) => {
    const progressToken = params?._meta?.progressToken;
    send({
      method: "notifications/progress",
      params: { progressToken, progress: 1, total: 2, message: "一半" },
    });
    return text("done");
  },
  spawn: () => {
    // One that leaves its session, so that only the namespace holds it.
    const child = spawn("setsid", ["sleep", String(process.argv[3])], { stdio: "ignore", detached: true });
    child.unref();
    return text("spawned");
  },
  flood: () => {
    const flood = (): void => {
      for (let count = 0; count < 1_000; count++)
        send({ method: "notifications/message", params: { data: count } });
      setImmediate(flood);
    };
    flood();
    return undefined;
  },
  "endless-line": () => {
    const flood = (): void => void process.stdout.write("x".repeat(2 ** 20), flood);
    flood();
    return undefined;
  },
  form: ({ id }) => {
    send({
      id: "question",
      method: "elicitation/create",
      params: {
        message: "真的吗？",
        requestedSchema: { type: "object", properties: { 理由: { type: "string" } }, required: ["理由"] },
      },
    });
    answer = (said) => send({ id, result: text(JSON.stringify(said)) });
    return undefined;
  },
  deep: ({ id }) => {
    const nested = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    process.stdout.write(
      `{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":${nested}}}\n`,
    );
    return undefined;
  },
};
let answer: ((said: unknown) => void) | undefined;

function listTools(cursor: string | undefined): object {
  const page = Number(cursor ?? 0);
  if (mode === "endless") return { tools: [tool(`t${page}`)], nextCursor: String(page + 1) };
  if (mode === "fat") {
    const tricky = [
      "../../etc",
      "bash",
      "a\u0000b\u001b[31m",
      "查询 数据",
      "查询。数据",
      "x".repeat(190),
      "a__b",
      "a_b",
      "__proto__",
      "",
    ];
    const odd = {
      type: "object",
      anyOf: [{ properties: { a: { type: "string" } } }],
      properties: { "坏 键": {} },
    };
    return {
      tools: [
        tool("fat", "胖".repeat(3_000_000)),
        ...tricky.map((name) => tool(name, name, odd)),
        { name: 7 },
        null,
        tool("deep", "d", JSON.parse(`${'{"a":'.repeat(500)}1${"}".repeat(500)}`)),
      ],
    };
  }
  return { tools: names.map((name) => tool(name)) };
}

function respond(message: Message & { result?: unknown }): void {
  const { id, method, params } = message;
  if (method === "notifications/cancelled") writeFileSync("取消.txt", String(params?.requestId));
  if (method === undefined) answer?.(message.result);
  if (id === undefined || method === undefined) return;
  if (method === "initialize") {
    const capabilities = { tools: { listChanged: true } };
    send({
      id,
      result: { protocolVersion: "2025-11-25", capabilities, serverInfo: { name: "程序", version: "1" } },
    });
  } else if (method === "tools/list") send({ id, result: listTools(params?.cursor) });
  else if (method === "tools/call") {
    calls++;
    writeFileSync("次数.txt", String(calls));
    const result = tools[params?.name ?? ""]?.(message);
    if (result) send({ id, result });
  } else send({ id, error: { code: -32601, message: "Method not found" } });
}

if (mode === "noisy") {
  process.stdout.write("Starting server...\n{not json}\n");
  process.stderr.write("警告：没有配置\n");
}
if (mode === "broken") {
  process.stderr.write(`cannot start: ${process.env.PASSWORD}\n`);
  process.exit(1);
}
createInterface({ input: process.stdin }).on("line", (line) => respond(JSON.parse(line)));
