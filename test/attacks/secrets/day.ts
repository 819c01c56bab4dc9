import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openEvents } from "../../support/api/events.ts";
import { encodeForm, formType } from "../../support/api/multipart.ts";
import { createTask } from "../../support/api/request.ts";
import { cancelRun, finishRun, startHangingRun, startRun } from "../../support/api/runs.ts";
import { createTestDatabase } from "../../support/database.ts";
import { type DatabaseProxy, startDatabaseProxy } from "../../support/database-proxy.ts";
import { type ModelServer, startModelServer } from "../../support/model-server.ts";
import { calls, fails, says } from "../../support/model-turn.ts";
import { effort } from "../effort.ts";
import { type Canary, findSecrets, makeCanary } from "./canaries.ts";
import { readDatabase, readFolder, readProcesses, type Traces, unpack } from "./traces.ts";

type Person = {
  token: string;
  fetch(path: string, init?: RequestInit & { json?: unknown }): Promise<Response>;
};

const program = fileURLToPath(import.meta.resolve("../../../src/cli/main.ts"));
const skillsFolder = fileURLToPath(import.meta.resolve("../../../skills"));

/** A server as its own process, all of whose secrets are known again, and all that is heard of it. */
export interface Day {
  canaries: Canary[];
  person: Person;
  /** Goes through everything that happens on a day. */
  live(): Promise<void>;
  /** What the day has left anywhere. */
  gather(): Promise<Traces>;
  findIn(traces: Traces): string[];
  close(): Promise<void>;
}

export async function createDay(sandbox: string): Promise<Day> {
  const folder = await mkdtemp(join(tmpdir(), "zcbot-day-"));
  const [dataDir, temporary] = [join(folder, "data"), join(folder, "tmp")];
  await mkdir(temporary);
  await mkdir(dataDir);
  const database = await createTestDatabase();
  const proxy = await startDatabaseProxy(database.url);
  const models = await startModelServer();
  const secret = Object.fromEntries(
    ["platform", "jwt", "previous", "openai", "anthropic", "google", "own", "header", "address"].map(
      (name) => [name, makeCanary(name, name === "openai" ? "" : undefined)],
    ),
  ) as Record<string, Canary>;
  const password = makeCanary("database", "");
  const reveal = (name: string) => secret[name]?.value ?? "";
  const url = new URL(proxy.url);
  url.password = password.value;
  url.username = url.searchParams.get("user") ?? "postgres";
  const at = (provider: string, more: object = {}) => ({
    provider,
    model: "scripted",
    baseUrl: models.url,
    ...more,
  });
  await writeFile(
    join(dataDir, "zcbot.jsonc"),
    JSON.stringify({
      defaultProfile: "chat",
      profiles: {
        chat: at("openai-compatible", { headers: { "x-secret": reveal("header") } }),
        own: at("openai-compatible", { apiKeyVariable: "OWN_KEY" }),
        openai: at("openai"),
        anthropic: at("anthropic"),
        google: at("google"),
        nowhere: at("openai-compatible", {
          baseUrl: `http://someone:${reveal("address").replaceAll(/\W/g, "")}@127.0.0.1:9/v1`,
        }),
      },
    }),
  );
  const heard: Traces = new Map();
  const hear = (name: string, text: string) => void heard.set(name, `${heard.get(name) ?? ""}${text}\n`);
  const environment = {
    PATH: process.env.PATH,
    HOME: folder,
    TMPDIR: temporary,
    DATABASE_URL: url.href,
    ZCBOT_DATA: dataDir,
    ZCBOT_PORT: "0",
    ZCBOT_SKILLS: skillsFolder,
    ZCBOT_SANDBOX: sandbox,
    ZCBOT_LOG_LEVEL: "trace",
    ZCBOT_APPROVALS: "edit",
    ZCBOT_LIMIT_DRAIN_MS: "200",
    ZCBOT_LIMIT_JSON_BYTES: "20000",
    ZCBOT_LIMIT_UPLOAD_BYTES: "100000",
    ZCBOT_PLATFORM_KEY: reveal("platform"),
    ZCBOT_JWT_SECRET: reveal("jwt"),
    ZCBOT_JWT_PREVIOUS_SECRETS: reveal("previous"),
    OPENAI_API_KEY: reveal("openai"),
    ANTHROPIC_API_KEY: reveal("anthropic"),
    GOOGLE_GENERATIVE_AI_API_KEY: reveal("google"),
    OWN_KEY: reveal("own"),
  };
  const log = join(folder, "server.log");
  const start = async () => {
    const child = spawn(process.execPath, [program, "serve"], {
      cwd: folder,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stderr.pipe(createWriteStream(log, { flags: "a" }));
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      hear("what the server says", text);
    });
    const exited = once(child, "exit");
    let address: string | undefined;
    while (address === undefined) {
      const ended = await Promise.race([
        once(child.stdout, "data").then(() => false),
        exited.then(() => true),
      ]);
      if (ended) throw new Error(`the server ended: ${said}${await readFile(log, "utf8")}`);
      address = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    }
    return { address, child, exited };
  };
  let server = await start();
  const tokens: Canary[] = [];
  const canaries = () => [...Object.values(secret), password, ...tokens];

  const send = async (path: string, { json, headers, ...init }: RequestInit & { json?: unknown } = {}) => {
    const sent = new Headers(headers);
    if (json !== undefined) sent.set("Content-Type", "application/json");
    const body = json === undefined ? init.body : JSON.stringify(json);
    const response = await fetch(server.address + path, {
      ...init,
      headers: sent,
      ...(body != null && { body }),
    });
    // The one answer whose business it is.
    if (path === "/v1/auth/login" && response.ok) return response;
    const [ours, theirs] = response.body?.tee() ?? [null, null];
    const copy = new Response(theirs, response);
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    const kept = new Response(ours)
      .arrayBuffer()
      .then((bytes) =>
        hear(isStream ? "event streams" : `answers of ${path.split("?")[0]}`, unpack(Buffer.from(bytes))),
      )
      .catch(() => {});
    hear("headers of answers", JSON.stringify([...response.headers]));
    pendingAnswers.push(kept);
    return copy;
  };
  const pendingAnswers: Promise<void>[] = [];
  // It is shown the same environment, and takes its time.
  const callDoctor = async () => {
    const doctor = spawn(process.execPath, [program, "doctor"], { cwd: folder, env: environment });
    for (const stream of [doctor.stdout, doctor.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => hear("the doctor", text));
    }
    await once(doctor, "close");
  };
  const signIn = async (): Promise<Person> => {
    const response = await send("/v1/auth/login", {
      method: "POST",
      json: { user_id: crypto.randomUUID(), platform_key: reveal("platform") },
    });
    const { token } = (await response.json()) as { token: string };
    tokens.push({ name: `token ${tokens.length}`, value: token });
    return {
      token,
      fetch: (path, init = {}) =>
        send(path, {
          ...init,
          headers: { ...Object.fromEntries(new Headers(init.headers)), Authorization: `Bearer ${token}` },
        }),
    };
  };
  const person = await signIn();
  const world: World = {
    person,
    signIn,
    send,
    models,
    proxy,
    reveal,
    canaries,
    hear,
    server: () => server.child.pid ?? 0,
  };

  return {
    get canaries() {
      return canaries();
    },
    person,
    async live() {
      await refuseStrangers(world);
      await callEveryProvider(world);
      await callTools(world);
      await handleFiles(world);
      await askPeople(world);
      await loseDatabase(world);
      const task = await createTask(person, { name: "崩溃" });
      await startHangingRun(person, task.task_id).then(({ events }) => events.close());
      server.child.kill("SIGKILL");
      await server.exited;
      server = await start();
      await person.fetch(`/v1/tasks/${task.task_id}/messages`);
      if (effort.isLong) await callDoctor();
    },
    async gather() {
      await Promise.allSettled(pendingAnswers.splice(0));
      return new Map([
        ...heard,
        ["the log", await readFile(log, "utf8")],
        ...(await readDatabase(database.database)),
        ...readFolder(dataDir, [join(dataDir, "secrets.json"), join(dataDir, "zcbot.jsonc")]),
        ...readFolder(temporary),
      ]);
    },
    findIn: (traces) =>
      [...traces].flatMap(([where, text]) =>
        findSecrets(text, canaries()).map((name) => `${name} in ${where}`),
      ),
    async close() {
      server.child.kill("SIGTERM");
      await server.exited;
      await models.close();
      await proxy.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface World {
  person: Person;
  signIn(): Promise<Person>;
  send(path: string, init?: RequestInit & { json?: unknown }): Promise<Response>;
  models: ModelServer;
  proxy: DatabaseProxy;
  reveal(name: string): string;
  canaries(): Canary[];
  hear(name: string, text: string): void;
  server(): number;
}

/** Wrong credentials in every place, with right ones beside them where nobody expects them. */
async function refuseStrangers({ send, reveal, person }: World): Promise<void> {
  const key = reveal("platform");
  const post = (path: string, body: string, type = "application/json") =>
    send(path, { method: "POST", body, headers: { "Content-Type": type } });
  await post("/v1/auth/login", JSON.stringify({ user_id: crypto.randomUUID(), platform_key: `${key}x` }));
  await post("/v1/auth/login", JSON.stringify({ user_id: key, platform_key: key }));
  await post("/v1/auth/login", JSON.stringify({ user_id: { platform_key: key }, platform_key: [key] }));
  await post("/v1/auth/login", `{"platform_key": "${key}`);
  await post("/v1/auth/login", JSON.stringify({ [key]: key, platform_key: key, user_id: "x" }));
  await post(
    "/v1/auth/login",
    `platform_key=${encodeURIComponent(key)}`,
    "application/x-www-form-urlencoded",
  );
  await post("/v1/auth/login", key, "text/plain");
  await post("/v1/auth/code", JSON.stringify({ code: key }));
  for (const credential of [`Bearer ${person.token}x`, `Basic ${btoa(key)}`, person.token, `Bearer ${key}`]) {
    await send("/v1/me", { headers: { Authorization: credential } });
  }
  await send(`/v1/me?token=${person.token}&platform_key=${encodeURIComponent(key)}`);
  await send("/v1/me", {
    headers: { Cookie: `zcbot_session=${person.token}; x=${encodeURIComponent(key)}` },
  });
  await send(`/v1/tasks/${encodeURIComponent(key)}`, {
    headers: { Authorization: `Bearer ${person.token}` },
  });
  for (const path of ["/", "/healthz", "/openapi.json", "/docs", "/v1/none"]) await send(path);
}

/** Each provider answers well, badly, and with what it was sent: keys in error texts are common. */
async function callEveryProvider({ person, models }: World): Promise<void> {
  for (const profile of ["chat", "own", "openai", "anthropic", "google"]) {
    const task = await createTask(person, { name: `模型 ${profile}`, model_profile: profile });
    for (const status of [200, 400, 401, 403, 404]) {
      models.handle(({ headers, path }) => {
        if (status === 200) return says("好的。");
        const echoed = JSON.stringify({ headers, path });
        return fails(status, `Incorrect API key provided: ${echoed}`, {
          "x-echo": headers.authorization ?? "",
        });
      });
      await finishRun(person, task.task_id, "你好");
    }
  }
  // One that cannot be reached is tried again for long: what it says at first is enough.
  const task = await createTask(person, { name: "模型不在", model_profile: "nowhere" });
  const run = await startRun(person, task.task_id);
  const events = await openEvents(person, run.eventsUrl);
  await events.until("retry");
  await cancelRun(person, task.task_id, run.runId);
  await events.all();
  models.reset();
}

/** Every tool, and a command that looks for secrets while it is itself looked at. */
async function callTools({ person, models, server, hear }: World): Promise<void> {
  const task = await createTask(person, { name: "工具" });
  const search =
    "env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; cat /proc/self/mountinfo; find / -maxdepth 4 -name 'secrets*' -exec cat {} +; set; ls -la /; touch go; for i in $(seq 200); do [ -e stop ] && break; sleep 0.05; done; true";
  const tools: [string, unknown][] = [
    ["write", { path: "甲.txt", content: "一" }],
    ["read", { path: "甲.txt" }],
    ["read", { path: "/proc/self/environ" }],
    ["list", {}],
    ["grep", { pattern: "canary" }],
    ["glob", { pattern: "**/*" }],
    ["bash", { command: search }],
    ["none", {}],
  ];
  for (const [name, input] of tools) models.script(calls(name, input));
  models.script(says("完成。"));
  const run = await startRun(person, task.task_id, "都用一遍");
  const events = await openEvents(person, run.eventsUrl);
  await events.until("tool_output");
  const { commandLines, environments, tools: count } = readProcesses(server());
  if (count === 0) throw new Error("no process of a tool was seen");
  for (const [where, text] of [...commandLines, ...environments]) hear(where, text);
  await person.fetch("/v1/files/upload", {
    method: "POST",
    headers: { "Content-Type": formType },
    body: encodeForm([
      { name: "path", content: "工具" },
      { filename: "stop", content: "" },
    ]),
  });
  await events.all();
  await person.fetch(`/v1/tasks/${task.task_id}/export`);
  await person.fetch(`/v1/tasks/${task.task_id}/fork`, { method: "POST", json: { from_idx: 2 } });
  await person.fetch(`/v1/tasks/${task.task_id}/messages`);
}

/** Files that come, go and are refused. */
async function handleFiles({ person }: World): Promise<void> {
  const upload = (parts: Parameters<typeof encodeForm>[0]) =>
    person.fetch("/v1/files/upload", {
      method: "POST",
      headers: { "Content-Type": formType },
      body: encodeForm(parts),
    });
  await upload([{ filename: "报告.txt", content: "内容" }]);
  await upload([{ filename: "../x", content: "内容" }]);
  await upload([{ filename: "large", content: "x".repeat(200_000) }]);
  for (const path of ["", "报告.txt", "../..", "/etc/passwd", "没有"]) {
    for (const door of ["", "/download", "/raw"])
      await person.fetch(`/v1/files${door}?path=${encodeURIComponent(path)}`);
  }
  await person.fetch("/v1/files/delete", { method: "POST", json: { path: "报告.txt" } });
  await person.fetch("/v1/tasks", { method: "POST", json: { name: "x".repeat(30_000) } });
  await person.fetch("/v1/tasks", { method: "POST", json: { name: 1 } });
  await person.fetch("/v1/tasks", { method: "POST", body: "{" });
}

/** A question and an approval, answered. */
async function askPeople({ person, models }: World): Promise<void> {
  const task = await createTask(person, { name: "请示" });
  models.script(
    calls("ask", { question: "哪一份？" }),
    calls("edit", { path: "甲.txt", old_text: "一", new_text: "二" }),
    says("好。"),
  );
  const run = await startRun(person, task.task_id, "问我");
  const events = await openEvents(person, run.eventsUrl);
  const answers = `/v1/tasks/${task.task_id}/runs/${run.runId}/answers`;
  const { data: question } = await events.until("request");
  await person.fetch(answers, {
    method: "POST",
    json: { request_id: question.request_id, answers: ["第一份"] },
  });
  const { data: approval } = await events.until("request");
  await person.fetch(answers, {
    method: "POST",
    json: { request_id: approval.request_id, decision: "deny" },
  });
  await events.all();
}

/** The database goes away and comes back. */
async function loseDatabase({ person, proxy, send, signIn }: World): Promise<void> {
  await proxy.block();
  await person.fetch("/v1/tasks");
  await person.fetch("/v1/tasks", { method: "POST", json: { name: "不在" } });
  await send("/healthz");
  await proxy.open();
  while (!(await send("/healthz")).ok);
  await signIn();
}
