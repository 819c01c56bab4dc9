import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { inspect } from "node:util";
import { type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import type { z } from "zod";
import { type Profiles, resolveProfiles } from "../../agent/model/profiles/resolve-profiles.ts";
import { resolveSearch, type SearchService } from "../../agent/tools/web/search/search-service.ts";
import { findPackageRoot, isPackageRoot } from "../package-root.ts";
import { StartError } from "../start-error.ts";
import { fillInSecrets } from "./mcp.ts";
import { findWeakness } from "./secret-strength.ts";
import { listSettings, type Setting, Settings } from "./settings.ts";

export type Environment = Record<string, string | undefined>;

export interface ConfigSources {
  /** Values of command-line flags by the setting's name, undefined where not given. */
  flags?: Record<string, unknown>;
  environment: Environment;
  cwd: string;
}

/** The settings in force, all paths absolute. Printing or logging it shows no secret. */
export interface Config extends Settings {
  dataDir: string;
  skillsDir: string;
  /** Local mode: bound to loopback with no platform key, so for the one person at this machine. */
  local: boolean;
  /** The model profiles in force. */
  models: Profiles;
  /** What the agent searches the web with. */
  search: SearchService | undefined;
  /** The `zcbot.jsonc` that was read, if there is one. */
  file: string | undefined;
}

const fileName = "zcbot.jsonc";

/** The process's environment: the only place that reads it. */
export function readEnvironment(): Environment {
  return { ...process.env };
}

/**
 * The settings from flags, else environment, else `zcbot.jsonc` (of the current folder, else of the data
 * folder), else defaults. Throws a StartError with all problems at once, exit code 2.
 */
export function loadConfig({ flags = {}, environment, cwd }: ConfigSources): Config {
  const problems: string[] = [];
  const home = environment.HOME || homedir();
  const absolute = (path: string) => resolve(cwd, path.replace(/^~(?=\/|$)/, home));

  const here = readConfigFile(join(cwd, fileName), problems);
  const { value: chosen } = pick(dataDirSetting, flags, environment, here?.content);
  const byDefault = isPackageRoot(cwd) ? join(cwd, ".zcbot") : join(home, ".zcbot");
  const dataDir = typeof chosen === "string" && chosen ? absolute(chosen) : byDefault;
  const file = here ?? readConfigFile(join(dataDir, fileName), problems);

  const { input, origins } = merge(flags, environment, file);
  const parsed = Settings.safeParse(input);
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap((issue) => explain(issue, origins)));
  problems.push(...findMissing({ host: "127.0.0.1", ...input }), ...findWeak(input, origins));
  const models = parsed.success ? readModels(parsed.data, environment, problems) : undefined;
  const mcpServers = parsed.success ? fillInSecrets(parsed.data.mcpServers, environment, problems) : {};
  const search = parsed.success ? readSearch(parsed.data, environment, problems) : undefined;
  if (problems.length > 0 || !parsed.success || !models) throw new StartError(problems, 2);

  const settings = parsed.data;
  return hideSecrets({
    ...settings,
    mcpServers,
    dataDir,
    skillsDir: settings.skillsDir ? absolute(settings.skillsDir) : join(findPackageRoot(), "skills"),
    local: isLocal(settings),
    models,
    search,
    file: file?.path,
  });
}

/** The model profiles; undefined, with the problems added, where they do not hold together. */
function readModels(settings: Settings, environment: Environment, problems: string[]): Profiles | undefined {
  const { model, profiles, defaultProfile } = settings;
  const file = { profiles, defaultProfile: defaultProfile };
  const resolved = resolveProfiles({ environment, defaultModel: model, file });
  if (!("problems" in resolved)) return resolved;
  problems.push(...resolved.problems);
  return undefined;
}

/** The search service, if there is one; what it lacks is added to the problems. */
function readSearch(
  { searchProvider, searchUrl }: Settings,
  environment: Environment,
  problems: string[],
): SearchService | undefined {
  if (!searchProvider) return undefined;
  const resolved = resolveSearch(searchProvider, searchUrl, environment);
  if (!("problem" in resolved)) return resolved;
  problems.push(resolved.problem);
  return undefined;
}

interface ConfigFile {
  path: string;
  content: Record<string, unknown>;
}

function readConfigFile(path: string, problems: string[]): ConfigFile | undefined {
  if (!existsSync(path)) return undefined;
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch (error) {
    problems.push(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code}).`);
    return { path, content: {} };
  }
  const errors: ParseError[] = [];
  const content: unknown = parse(source.replace(/^\uFEFF/, ""), errors, { allowTrailingComma: true });
  for (const { error, offset } of errors) {
    const line = source.slice(0, offset).split("\n").length;
    problems.push(`${path}: line ${line} is not JSON (${printParseErrorCode(error)}).`);
  }
  if (errors.length > 0) return { path, content: {} };
  if (content === null || typeof content !== "object" || Array.isArray(content)) {
    problems.push(`${path}: must hold one object, {...}.`);
    return { path, content: {} };
  }
  // For editors alone.
  const { $schema, ...settings } = content as Record<string, unknown>;
  return { path, content: settings };
}

const settingsList = listSettings();
const dataDirSetting = settingsList.find(({ environment }) => environment === "ZCBOT_DATA") as Setting;

/** The value of a setting by precedence, and where it comes from. An empty variable counts as unset. */
function pick(
  setting: Setting,
  flags: Record<string, unknown>,
  environment: Environment,
  content: Record<string, unknown> | undefined,
): { value: unknown; origin: string | undefined } {
  const name = setting.path.at(-1) ?? "";
  if (flags[name] !== undefined) return { value: flags[name], origin: flagName(name) };
  const variable = setting.environment && environment[setting.environment];
  if (variable) return { value: variable, origin: setting.environment };
  const value = setting.path.reduce<unknown>(
    (node, key) =>
      node !== null && typeof node === "object" ? (node as Record<string, unknown>)[key] : undefined,
    content,
  );
  return { value, origin: undefined };
}

function flagName(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** All sources laid over the file's content; `origins` says by dotted path who set what. */
function merge(flags: Record<string, unknown>, environment: Environment, file: ConfigFile | undefined) {
  const input: Record<string, unknown> = structuredClone(file?.content ?? {});
  const origins = (path: string) => named.get(path) ?? `${file?.path ?? fileName}: "${path}"`;
  const named = new Map<string, string>();
  for (const setting of settingsList) {
    const { value, origin } = pick(setting, flags, environment, undefined);
    if (origin === undefined) continue;
    named.set(setting.path.join("."), origin);
    const parent = setting.path.slice(0, -1).reduce<Record<string, unknown>>((node, key) => {
      const child = node[key];
      const group = child !== null && typeof child === "object" ? (child as Record<string, unknown>) : {};
      node[key] = group;
      return group;
    }, input);
    parent[setting.path.at(-1) ?? ""] = value;
  }
  return { input, origins };
}

/** Problems in the person's words. The value is not repeated: it may be a secret. */
function explain(issue: z.core.$ZodIssue, origins: (path: string) => string): string[] {
  // A list's element is blamed on its list.
  const path = issue.path.filter((key) => typeof key === "string");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${origins([...path, key].join("."))} is not a setting of zcbot.`);
  }
  return [`${origins(path.join("."))} ${issue.message}.`];
}

type Presence = { [Key in keyof Settings]?: unknown };

/** What others make necessary. Looks at settings that may not have passed their own checks. */
function findMissing(settings: Presence): string[] {
  const problems: string[] = [];
  if ((settings.role === "api" || settings.role === "worker") && !settings.databaseUrl) {
    problems.push(`Set DATABASE_URL: servers of role ${settings.role} meet in a Postgres of yours.`);
  }
  // A worker takes no requests, so it has no use for the keys.
  if (isLocal(settings) || settings.role === "worker") return problems;
  const reason = isLoopback(settings.host)
    ? "with a platform key zcbot is not in local mode"
    : "the host is not a loopback address";
  if (!settings.platformKey) {
    problems.push(`Set ZCBOT_PLATFORM_KEY (16 characters or more; ${invent}): ${reason}.`);
  }
  if (!settings.jwtSecret) {
    problems.push(`Set ZCBOT_JWT_SECRET (32 characters or more; ${invent}): ${reason}.`);
  }
  return problems;
}

const invent = "openssl rand -hex 32 makes a good one";

/** Secrets that others may know or guess. One that is too short has been told of already. */
function findWeak(input: Record<string, unknown>, origins: (path: string) => string): string[] {
  const { platformKey, jwtSecret, jwtPreviousSecrets: before = [] } = input;
  const previous = typeof before === "string" ? before.split(",").map((part) => part.trim()) : before;
  const given: [setting: string, value: unknown, minimum: number][] = [
    ["platformKey", platformKey, 16],
    ["jwtSecret", jwtSecret, 32],
    ...(Array.isArray(previous) ? previous : []).map((value): [string, unknown, number] => [
      "jwtPreviousSecrets",
      value,
      32,
    ]),
  ];
  const problems = given.flatMap(([setting, value, minimum]) => {
    if (typeof value !== "string" || value.length < minimum) return [];
    const weakness = findWeakness(value);
    if (weakness !== undefined) return [`${origins(setting)} ${weakness}: ${invent}.`];
    if (setting === "platformKey" || value !== platformKey) return [];
    return [`${origins(setting)} is the same as ${origins("platformKey")}: ${invent}.`];
  });
  return [...new Set(problems)];
}

/** A worker on its own serves everybody's runs, wherever it is bound: it is never local. */
function isLocal({ host, platformKey, role }: Presence): boolean {
  return role !== "worker" && isLoopback(host) && !platformKey;
}

function isLoopback(host: unknown): boolean {
  if (typeof host !== "string") return false;
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

function hideSecrets(config: Config): Config {
  const toJSON = () => {
    // Profiles may carry headers with keys.
    const shown: Record<string, unknown> = {
      ...config,
      profiles: undefined,
      models: undefined,
      search: undefined,
    };
    for (const { path, secret } of settingsList) {
      const key = path[0] ?? "";
      if (secret && shown[key] !== undefined) shown[key] = "[hidden]";
    }
    return shown;
  };
  Object.defineProperties(config, {
    toJSON: { value: toJSON },
    [inspect.custom]: { value: toJSON },
  });
  return config;
}
