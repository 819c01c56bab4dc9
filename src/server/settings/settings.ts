import { isIP } from "node:net";
import { z } from "zod";
import { ModelProfile } from "../../agent/model/profiles/model-profile.ts";
import { searchProviderNames } from "../../agent/tools/web/search/search-providers.ts";
import { ApprovalRule, maxApprovalRules } from "../../protocol/agent/approval.ts";
import { parseAllowedHost } from "../../workspace/network/host-pattern.ts";
import { logLevels } from "../log.ts";
import { parseDatabaseUrl } from "../store/database-url.ts";
import { Limits } from "./limits.ts";
import { McpServerSettings } from "./mcp.ts";
import { listOf, oneOf, type SettingInfo, setting, settingInfo, text, whole } from "./setting.ts";

const databaseUrl = text.refine(
  (value) => parseDatabaseUrl(value) !== undefined,
  "must look like postgres://user:password@host:5432/database",
);

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

const webAddress = text.refine(
  (value) => /^https?:\/\//.test(value) && URL.canParse(value),
  "must be an http or https address",
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

/** Names alone, as in the environment, are tools to ask about. */
const approvalRules = z.preprocess((value) => {
  const given = typeof value === "string" ? value.split(",").map((part) => part.trim()) : value;
  if (!Array.isArray(given)) return given;
  return given.map((entry) => (typeof entry === "string" ? { tool: entry, action: "ask" } : entry));
}, z.array(ApprovalRule, "must be a list of rules").max(maxApprovalRules));

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
  fetch: setting(oneOf(["on", "off"]).default("on"), {
    environment: "ZCBOT_FETCH",
    description:
      "Whether the agent may open web pages: public ones only, those of hosts in `networkAllow` at once, of any other after a person has allowed it. `off` takes the tool away.",
  }),
  searchProvider: setting(oneOf(searchProviderNames).optional(), {
    environment: "ZCBOT_SEARCH_PROVIDER",
    description:
      "The service that the agent searches the web with. Its key stands in `BRAVE_API_KEY`, `TAVILY_API_KEY`, `SERPER_API_KEY` or `BOCHA_API_KEY`; `searxng` takes none, and needs `searchUrl`.",
    defaultText: "none: the agent cannot search the web",
  }),
  searchUrl: setting(webAddress.optional(), {
    environment: "ZCBOT_SEARCH_URL",
    description: "Where the search service is, such as `http://searxng.internal:8080`.",
    defaultText: "the provider's own address",
  }),
  approvals: setting(approvalRules.default([]), {
    environment: "ZCBOT_APPROVALS",
    description:
      'Rules about tool calls, `{"tool": "bash", "argument": "git push*", "action": "ask"}`: `allow`, `ask` a person or `deny`; `*` stands for any text, the last rule that matches counts, and a `deny` here is final. In the variable only names of tools, parted by commas: their calls are asked about one by one.',
  }),
  mcpServers: setting(McpServerSettings.default({}), {
    description:
      "Servers of tools (MCP) for everybody, by name: `command` with `args` and `env`, started in the sandbox, or `url` with `headers`. A dollar sign and a name in braces, in `headers` and `env`, stand for that variable of the environment of zcbot itself. `approval`: `allow` lets their calls pass, `ask` has a person allow each; by default those that leave the sandbox are asked about. `tools` lists those to offer.",
    defaultText: "none",
    secret: true,
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
      const info = settingInfo(schema);
      const path = [...parents, key];
      return info ? [{ ...info, path, schema }] : listed(Limits.shape, path);
    });
  return listed(Settings.shape, []);
}
