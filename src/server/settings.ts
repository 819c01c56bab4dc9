import { isIP } from "node:net";
import { z } from "zod";
import { ModelProfile } from "../agent/model/profiles.ts";
import { parseAllowedHost } from "../workspace/network/host-pattern.ts";
import { logLevels } from "./log.ts";
import { parseDatabaseUrl } from "./store/database-url.ts";

/** What is known of a setting beside its type; `docs/configuration.md` is printed from it. */
export interface SettingInfo {
  /** The variable that sets it; a setting without one stands in `zcbot.jsonc` alone. */
  environment?: string;
  description: string;
  /** Never shown in logs or messages. */
  secret?: boolean;
  /** What stands in the documentation where the default is not a fixed value. */
  defaultText?: string;
}

const information = z.registry<SettingInfo>();

function setting<Schema extends z.ZodType>(schema: Schema, info: SettingInfo): Schema {
  information.add(schema, info);
  return schema;
}

/** A whole number within bounds; the environment and flags bring it as text. */
function whole(minimum: number, maximum: number) {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  const fromText = (value: unknown) =>
    typeof value === "string" && /^\d+$/.test(value.trim()) ? Number(value) : value;
  return z.preprocess(fromText, z.int(error).min(minimum, error).max(maximum, error));
}

function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, `must be one of ${values.join(", ")}`);
}

const text = z.string("must be a text").min(1, "must not be empty");

const databaseUrl = text.refine(
  (value) => parseDatabaseUrl(value) !== undefined,
  "must look like postgres://user:password@host:5432/database",
);

/** A list; the environment and flags bring it as one text, parted by commas. */
function listOf<Element>(element: z.ZodType<Element>, error: string) {
  const fromText = (value: unknown) =>
    typeof value === "string" ? value.split(",").map((part) => part.trim()) : value;
  return z.preprocess(fromText, z.array(element, error));
}

const names = listOf(text, "must be a list of names");

const origins = listOf(
  text.refine(
    (value) => URL.canParse(value) && new URL(value).origin === value,
    "must be origins like https://example.com, without a path, parted by commas",
  ),
  "must be a list of origins",
);

const hostNames = listOf(
  text.regex(
    /^[a-z0-9.-]+$|^\[[0-9a-f:.]+\]$/i,
    "must be names of hosts like zcbot.example.com, parted by commas",
  ),
  "must be a list of host names",
);

const networks = listOf(
  text.refine(isNetwork, "must be addresses or networks like 10.0.0.0/8, parted by commas"),
  "must be a list of addresses",
);

function isNetwork(value: string): boolean {
  const [, address = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(value) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits ?? 0) <= (family === 4 ? 32 : 128);
}

const allowedHosts = listOf(
  text.transform((entry, context) => {
    const host = parseAllowedHost(entry);
    if (!("problem" in host)) return host;
    const message = `has an entry that cannot be used: "${entry}" ${host.problem}`;
    context.issues.push({ code: "custom", message, input: entry });
    return z.NEVER;
  }),
  "must be a list of hosts",
);

const maxMs = 24 * 3_600_000;

const Limits = z.strictObject({
  jsonBytes: setting(whole(1024, 2 ** 30).default(2 ** 20), {
    environment: "ZCBOT_LIMIT_JSON_BYTES",
    description: "Largest JSON body of a request, bytes.",
  }),
  uploadBytes: setting(whole(1, 2 ** 50).default(2 ** 31), {
    environment: "ZCBOT_LIMIT_UPLOAD_BYTES",
    description: "Largest uploaded file, bytes.",
  }),
  uploadFiles: setting(whole(1, 100_000).default(200), {
    environment: "ZCBOT_LIMIT_UPLOAD_FILES",
    description: "Files in one upload at most.",
  }),
  runs: setting(whole(1, 100_000).default(200), {
    environment: "ZCBOT_LIMIT_RUNS",
    description: "Runs that one process works on at a time; more wait in the queue.",
  }),
  userRuns: setting(whole(1, 100_000).default(100), {
    environment: "ZCBOT_LIMIT_USER_RUNS",
    description: "Runs of one user at work at a time, on all servers together; more wait in the queue.",
  }),
  attempts: setting(whole(1, 1_000).default(5), {
    environment: "ZCBOT_LIMIT_ATTEMPTS",
    description:
      "How often a run may be begun, its server having been lost each time, before it ends as an error.",
  }),
  drainMs: setting(whole(0, maxMs).default(20_000), {
    environment: "ZCBOT_LIMIT_DRAIN_MS",
    description:
      "How long a server that is asked to end gives its runs to reach their next step, milliseconds; then it cuts them off. With the built-in database, whose runs only its next start can go on with, 3 seconds at most.",
  }),
  approvalMs: setting(whole(1_000, 2 ** 31 - 1).default(86_400_000), {
    environment: "ZCBOT_LIMIT_APPROVAL_MS",
    description:
      "How long a tool call waits for a person to allow it, milliseconds; then it counts as not allowed.",
  }),
  steps: setting(whole(1, 100_000).default(100), {
    environment: "ZCBOT_LIMIT_STEPS",
    description: "Steps of one run at most; then it ends and says so.",
  }),
  stallMs: setting(whole(100, maxMs).default(60_000), {
    environment: "ZCBOT_LIMIT_STALL_MS",
    description: "Silence of a model, in milliseconds, after which its answer counts as broken off.",
  }),
  userBytes: setting(whole(2 ** 20, 2 ** 50).default(20 * 2 ** 30), {
    environment: "ZCBOT_LIMIT_USER_BYTES",
    description:
      "Disk space of one user's files, bytes. A command that goes beyond it is ended; uploads and writes are refused.",
  }),
  freeBytes: setting(whole(0, 2 ** 50).default(2 ** 30), {
    environment: "ZCBOT_LIMIT_FREE_BYTES",
    description:
      "Disk space that is left free for the database and the system, bytes: with less, nothing more is written for anybody.",
  }),
  commandMemoryBytes: setting(whole(2 ** 26, 2 ** 50).default(2 * 2 ** 30), {
    environment: "ZCBOT_LIMIT_COMMAND_MEMORY_BYTES",
    description: "Memory of one command and all that it starts, bytes.",
  }),
  commandProcesses: setting(whole(8, 100_000).default(256), {
    environment: "ZCBOT_LIMIT_COMMAND_PROCESSES",
    description: "Processes and threads of one command at a time.",
  }),
  commandTemporaryBytes: setting(whole(2 ** 20, 2 ** 50).default(512 * 2 ** 20), {
    environment: "ZCBOT_LIMIT_COMMAND_TEMPORARY_BYTES",
    description: "Size of a command's own /tmp, bytes; it counts as memory, and ends with the command.",
  }),
  signIns: setting(whole(1, 1_000_000).default(30), {
    environment: "ZCBOT_LIMIT_SIGN_INS",
    description: "Failed sign-ins of one address in a minute; then it is answered 429 for a while.",
  }),
  userRequests: setting(whole(1, 1_000_000).default(120), {
    environment: "ZCBOT_LIMIT_USER_REQUESTS",
    description:
      "Expensive requests (uploads, exports, forks, searches) of one user in a minute; then they are answered 429 for a while.",
  }),
  headersMs: setting(whole(100, maxMs).default(10_000), {
    environment: "ZCBOT_LIMIT_HEADERS_MS",
    description: "Time in which the headers of a request must have arrived, milliseconds.",
  }),
  bodyMs: setting(whole(100, maxMs).default(30_000), {
    environment: "ZCBOT_LIMIT_BODY_MS",
    description:
      "Time in which a JSON body must have arrived, milliseconds; in each such span an upload must bring 1 KiB a second.",
  }),
  commandMs: setting(whole(100, maxMs).default(1_800_000), {
    environment: "ZCBOT_LIMIT_COMMAND_MS",
    description:
      "Longest time that a command of the agent may ask for, milliseconds; it gets two minutes if it asks for none.",
  }),
});

/** Everything that can be set, in the order the documentation shows. Keys are those of `zcbot.jsonc`. */
export const Settings = z.strictObject({
  host: setting(text.default("127.0.0.1"), {
    environment: "ZCBOT_HOST",
    description:
      "Address to listen on. On a loopback address without a platform key zcbot is in local mode: one user, secrets of its own, sign-in by the printed link.",
  }),
  port: setting(whole(0, 65_535).default(8787), {
    environment: "ZCBOT_PORT",
    description: "Port to listen on; 0 takes a free one.",
  }),
  dataDir: setting(text.optional(), {
    environment: "ZCBOT_DATA",
    description:
      "The data folder: users' files, the database of the laptop mode, generated secrets. One server at a time, unless they share a `databaseUrl`.",
    defaultText: "`./.zcbot` when started from a checkout, else `~/.zcbot`",
  }),
  role: setting(oneOf(["all", "api", "worker"]).default("all"), {
    environment: "ZCBOT_ROLE",
    description: "What this process does: answer requests (`api`), work on runs (`worker`), or both (`all`).",
  }),
  databaseUrl: setting(databaseUrl.optional(), {
    environment: "DATABASE_URL",
    description: "A Postgres of yours (15 or newer). Unset: zcbot starts its own in the data folder.",
    secret: true,
  }),
  databaseConnections: setting(whole(4, 1000).default(20), {
    environment: "ZCBOT_DATABASE_CONNECTIONS",
    description: "Connections to the database at most, for each process.",
  }),
  platformKey: setting(text.min(16, "must have at least 16 characters").optional(), {
    environment: "ZCBOT_PLATFORM_KEY",
    description:
      "The key that programs sign users in with, at least 16 characters. Needed outside local mode.",
    secret: true,
  }),
  jwtSecret: setting(text.min(32, "must have at least 32 characters").optional(), {
    environment: "ZCBOT_JWT_SECRET",
    description:
      "The secret that tokens are signed with, at least 32 characters, the same for all servers on one database. Needed outside local mode.",
    secret: true,
  }),
  jwtPreviousSecrets: setting(
    listOf(text.min(32, "must have at least 32 characters"), "must be a list of secrets").default([]),
    {
      environment: "ZCBOT_JWT_PREVIOUS_SECRETS",
      description:
        "Secrets that tokens were signed with before, parted by commas: such tokens are good until they expire, new ones are signed with `jwtSecret`.",
      secret: true,
    },
  ),
  tokenTtlSeconds: setting(whole(60, 366 * 86_400).default(43_200), {
    environment: "ZCBOT_TOKEN_TTL_SECONDS",
    description: "How long a token is good, seconds.",
  }),
  hosts: setting(hostNames.optional(), {
    environment: "ZCBOT_HOSTS",
    description:
      "Names by which browsers and programs may address the server, without a port, parted by commas. Requests for other names are refused.",
    defaultText: "in local mode the loopback names; else any",
  }),
  trustedProxies: setting(networks.default([]), {
    environment: "ZCBOT_TRUSTED_PROXIES",
    description:
      "Addresses or networks (10.0.0.0/8) of your proxies, parted by commas: what they say in `X-Forwarded-For` counts as the client's address, and `X-Forwarded-Proto: https` as a request by https.",
  }),
  corsOrigins: setting(origins.optional(), {
    environment: "CORS_ORIGINS",
    description: "Origins whose pages may call the API (without credentials), parted by commas.",
    defaultText: "any",
  }),
  model: setting(text.optional(), {
    environment: "ZCBOT_MODEL",
    description:
      "The default model, `<provider>/<model>`. Its provider's key is set by that provider's variable.",
    defaultText: "the built-in `demo`",
  }),
  profiles: setting(z.record(z.string().min(1), ModelProfile).optional(), {
    description: "Models that a task can be given, by name.",
    defaultText: "the default model alone",
  }),
  defaultProfile: setting(text.optional(), {
    description: "Which of the profiles a task has that chose none; `ZCBOT_MODEL` outranks it.",
  }),
  sandbox: setting(oneOf(["auto", "strict", "reduced", "external", "off", "disabled"]).default("auto"), {
    environment: "ZCBOT_SANDBOX",
    description:
      "How commands of the agent are isolated. `auto` takes the strongest level that works here; `strict` and `reduced` insist on one; `external` declares that the surroundings isolate; `off` isolates nothing; `disabled` has no commands.",
  }),
  sandboxFiles: setting(oneOf(["task", "user"]).default("task"), {
    environment: "ZCBOT_SANDBOX_FILES",
    description:
      "What a sandboxed command sees of its user's files: the task's own directory (`task`), or the others too, read-only (`user`).",
  }),
  sandboxRead: setting(names.default([]), {
    environment: "ZCBOT_SANDBOX_READ",
    description:
      "More folders of this machine that every sandboxed command may read, parted by commas: programs in `/opt`, for example.",
  }),
  networkAllow: setting(allowedHosts.default([]), {
    environment: "ZCBOT_NETWORK_ALLOW",
    description:
      "Hosts that sandboxed commands may reach through zcbot's own proxy, parted by commas: `packages.example.org`, `*.example.net`, or `*`; on ports 80 and 443, or the one that follows (`git.example.com:22`). Private and local addresses are never reached. Needs the level `strict` and `socat`.",
    defaultText: "none: commands have no network",
  }),
  approvals: setting(names.default([]), {
    environment: "ZCBOT_APPROVALS",
    description: "Tools whose calls a person has to allow one by one, parted by commas: `bash`, for example.",
  }),
  skillsDir: setting(text.optional(), {
    environment: "ZCBOT_SKILLS",
    description: "Folder of skills, `<name>/SKILL.md` each.",
    defaultText: "the built-in skills",
  }),
  logLevel: setting(oneOf(logLevels).default("info"), {
    environment: "ZCBOT_LOG_LEVEL",
    description: "How much is logged to stderr.",
  }),
  limits: Limits.prefault({}),
});
export type Settings = z.output<typeof Settings>;

/** One setting of the schema: where it stands in `zcbot.jsonc` and what is known of it. */
export interface Setting extends SettingInfo {
  path: string[];
  schema: z.ZodType;
}

/** All settings, flat, in the order they are declared. */
export function listSettings(): Setting[] {
  const listed = (shape: Record<string, z.ZodType>, parents: string[]): Setting[] =>
    Object.entries(shape).flatMap(([key, schema]) => {
      const info = information.get(schema);
      const path = [...parents, key];
      return info ? [{ ...info, path, schema }] : listed(Limits.shape, path);
    });
  return listed(Settings.shape, []);
}
