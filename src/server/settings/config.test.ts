import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { StartError } from "../start-error.ts";
import { type ConfigSources, loadConfig } from "./config.ts";
import { listSettings } from "./settings.ts";

let cwd: string;
let home: string;
beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), "zcbot-配置-"));
  cwd = join(root, "工作");
  home = join(root, "家");
  mkdirSync(cwd);
  mkdirSync(home);
  onTestFinished(() => rmSync(root, { recursive: true }));
});

function load(sources: Partial<ConfigSources> = {}) {
  return loadConfig({ cwd, flags: {}, ...sources, environment: { HOME: home, ...sources.environment } });
}

function problemsOf(sources: Partial<ConfigSources>): string[] {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof StartError && error.exitCode === 2) return error.problems;
    throw error;
  }
  return [];
}

const keys = {
  ZCBOT_PLATFORM_KEY: "平台钥匙-f3Qz8rVt1m-乾坤",
  ZCBOT_JWT_SECRET: "9c41f07ab86de2530f7cb1a94e68d203",
};

test("with nothing set it is local mode on 127.0.0.1:8787 with the data at home", () => {
  expect(load()).toMatchObject({
    host: "127.0.0.1",
    port: 8787,
    role: "all",
    local: true,
    dataDir: join(home, ".zcbot"),
    sandbox: "auto",
    tokenTtlSeconds: 43_200,
    limits: { jsonBytes: 1_048_576, uploadBytes: 2_147_483_648, uploadFiles: 200, runs: 200, steps: 100 },
  });
});

test("started from a checkout, the data stays in the checkout", () => {
  writeFileSync(join(cwd, "package.json"), `{"name": "zcbot"}`);
  expect(load().dataDir).toBe(join(cwd, ".zcbot"));
  writeFileSync(join(cwd, "package.json"), `{"name": "another"}`);
  expect(load().dataDir).toBe(join(home, ".zcbot"));
});

test("a flag beats the environment, which beats the file, which beats the default", () => {
  writeFileSync(
    join(cwd, "zcbot.jsonc"),
    `{
      // 注释和尾随逗号都可以
      "port": 1001, "host": "127.0.0.2", "tokenTtlSeconds": 600, "limits": { "runs": 7, "steps": 8 },
    }`,
  );
  const environment = { ZCBOT_PORT: "1002", ZCBOT_HOST: "127.0.0.3", ZCBOT_LIMIT_RUNS: "9", ZCBOT_ROLE: "" };
  expect(load({ flags: { port: "1003", host: undefined }, environment })).toMatchObject({
    port: 1003,
    host: "127.0.0.3",
    tokenTtlSeconds: 600,
    limits: { runs: 9, steps: 8, uploadFiles: 200 },
    role: "all",
    file: join(cwd, "zcbot.jsonc"),
  });
});

test("the file of the data folder counts where the current folder has none", () => {
  mkdirSync(join(home, "数据"));
  writeFileSync(join(home, "数据", "zcbot.jsonc"), `\uFEFF{"port": 1004}`);
  expect(load({ environment: { ZCBOT_DATA: "~/数据" } })).toMatchObject({
    port: 1004,
    dataDir: join(home, "数据"),
  });
});

test("all problems are told at once, each with the name it was set by", () => {
  writeFileSync(join(cwd, "zcbot.jsonc"), `{"prot": 1, "limits": {"steps": "many"}, "corsOrigins": ["x"]}`);
  const environment = {
    ZCBOT_PLATFORM_KEY: "short",
    ZCBOT_HOST: "0.0.0.0",
    ZCBOT_LIMIT_RUNS: "-1",
    DATABASE_URL: "mysql://geheim@host/db",
  };
  const problems = problemsOf({ flags: { port: "70000", sandbox: "maybe" }, environment });
  const file = join(cwd, "zcbot.jsonc");
  expect(problems.toSorted()).toEqual(
    [
      `${file}: "prot" is not a setting of zcbot.`,
      `${file}: "limits.steps" must be a whole number from 1 to 100000.`,
      `${file}: "corsOrigins" must be origins like https://example.com, without a path, parted by commas.`,
      "--port must be a whole number from 0 to 65535.",
      "--sandbox must be one of auto, strict, reduced, external, off, disabled.",
      "ZCBOT_PLATFORM_KEY must have at least 16 characters.",
      "ZCBOT_LIMIT_RUNS must be a whole number from 1 to 100000.",
      "DATABASE_URL must look like postgres://user:password@host:5432/database.",
      "Set ZCBOT_JWT_SECRET (32 characters or more; openssl rand -hex 32 makes a good one): the host is not a loopback address.",
    ].toSorted(),
  );
});

test("the hosts that commands may reach are read, and each that cannot be allowed is told with the reason", () => {
  const load = (allowed: string) =>
    loadConfig({ environment: { ZCBOT_NETWORK_ALLOW: allowed }, cwd }).networkAllow;
  expect(load("packages.example.org, *.例子.中国:8443")).toEqual([
    { kind: "exact", host: "packages.example.org", port: undefined },
    { kind: "below", host: "xn--fsqu00a.xn--fiqs8s", port: 8443 },
  ]);
  expect(
    problemsOf({ environment: { ZCBOT_NETWORK_ALLOW: "https://packages.example.org/,localhost" } }),
  ).toEqual([
    'ZCBOT_NETWORK_ALLOW has an entry that cannot be used: "https://packages.example.org/" must be a host alone, without scheme, user or path.',
    'ZCBOT_NETWORK_ALLOW has an entry that cannot be used: "localhost" is a local name; only public hosts can be reached.',
  ]);
});

test("a search service has its key from its own variable, which is told where it is missing and shown to nobody", () => {
  expect(load().search).toBeUndefined();
  const environment = { ZCBOT_SEARCH_PROVIDER: "bocha", BOCHA_API_KEY: "sk-search-7f3a" };
  const config = load({ environment });
  expect(config.search?.name).toBe("bocha");
  expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain("sk-search-7f3a");
  expect(problemsOf({ environment: { ZCBOT_SEARCH_PROVIDER: "bocha" } })).toEqual([
    "Set BOCHA_API_KEY to the key of bocha.",
  ]);
  expect(problemsOf({ environment: { ZCBOT_SEARCH_PROVIDER: "searxng" } })).toEqual([
    "Set ZCBOT_SEARCH_URL to the address of your searxng.",
  ]);
  expect(problemsOf({ environment: { ZCBOT_SEARCH_URL: "searxng:8080" } })).toEqual([
    "ZCBOT_SEARCH_URL must be an http or https address.",
  ]);
});

test("a broken file is named with its line", () => {
  writeFileSync(join(cwd, "zcbot.jsonc"), `{\n  "port": 8787\n  "host": "::1"\n}`);
  expect(problemsOf({})).toEqual([`${join(cwd, "zcbot.jsonc")}: line 3 is not JSON (CommaExpected).`]);
  writeFileSync(join(cwd, "zcbot.jsonc"), `[]`);
  expect(problemsOf({})).toEqual([`${join(cwd, "zcbot.jsonc")}: must hold one object, {...}.`]);
});

test("off loopback, or with a platform key, both secrets must be set", () => {
  expect(problemsOf({ environment: { ZCBOT_HOST: "0.0.0.0" } })).toHaveLength(2);
  expect(problemsOf({ environment: { ZCBOT_PLATFORM_KEY: keys.ZCBOT_PLATFORM_KEY } })).toHaveLength(1);
  expect(load({ environment: { ...keys, ZCBOT_HOST: "::" } }).local).toBe(false);
  expect(load({ environment: keys }).local).toBe(false);
  for (const host of ["::1", "localhost", "127.8.8.8"]) {
    expect(load({ environment: { ZCBOT_HOST: host } }).local).toBe(true);
  }
});

test("a worker needs a shared database, no keys, and is never local", () => {
  expect(problemsOf({ flags: { role: "worker" } })).toEqual([
    "Set DATABASE_URL: servers of role worker meet in a Postgres of yours.",
  ]);
  const environment = { DATABASE_URL: "postgres://u:p@db/zcbot", ZCBOT_ROLE: "worker" };
  expect(load({ environment }).local).toBe(false);
});

test("a database may be at a unix socket", () => {
  for (const url of ["postgres://me@/mine?host=/run/postgresql", "postgresql:///mine?host=%2Frun&user=me"]) {
    expect(load({ environment: { DATABASE_URL: url } }).databaseUrl).toBe(url);
  }
});

test("printing or logging the settings shows no secret", () => {
  const profile = { provider: "openai", model: "gpt", headers: { "X-Key": "秘密" } };
  writeFileSync(join(cwd, "zcbot.jsonc"), JSON.stringify({ profiles: { 快: profile } }));
  const config = load({
    environment: { ...keys, OPENAI_API_KEY: "sk-hidden", DATABASE_URL: "postgres://u:秘密@db/zcbot" },
  });
  expect(config.platformKey).toBe(keys.ZCBOT_PLATFORM_KEY);
  expect(config.models.profiles.get("快")?.readKey()).toBe("sk-hidden");
  for (const shown of [JSON.stringify({ config }), inspect({ config }, { depth: 9 })]) {
    expect(shown).toContain("[hidden]");
    for (const secret of [keys.ZCBOT_PLATFORM_KEY, keys.ZCBOT_JWT_SECRET, "秘密", "sk-hidden"]) {
      expect(shown).not.toContain(secret);
    }
  }
});

test("every setting has a description and a variable of its own", () => {
  const settings = listSettings();
  const variables = settings.flatMap(({ environment }) => environment ?? []);
  expect(new Set(variables).size).toBe(variables.length);
  for (const { description } of settings) expect(description).toMatch(/\.$/);
});
