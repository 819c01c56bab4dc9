import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { effort } from "../../attacks/effort.ts";
import { type CommandOptions, type CommandSetting, createCommandSetting } from "../../support/command.ts";

interface Report {
  ok: boolean;
  checks: { name: string; state: string; text: string; advice?: string }[];
  crash_test: Record<string, unknown> | null;
}

let setting: CommandSetting;
/** Where doctor's scratch data are, so that what it leaves behind is seen. */
let temporary: string;

beforeAll(async () => {
  setting = await createCommandSetting();
});
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), "zcbot-test-"));
});
afterEach(() => rm(temporary, { recursive: true, force: true }));
afterAll(() => setting.close());

async function diagnose(parameters: string[], { environment }: CommandOptions = {}) {
  const options = { environment: { TMPDIR: temporary, ...environment } };
  const { code, out, err } = await setting.run(["doctor", "--json", ...parameters], options);
  return { code, out, err, report: JSON.parse(out || "{}") as Report };
}

/** Scratch data that are still there. */
async function scratch(): Promise<string[]> {
  return (await readdir(temporary)).filter((name) => name.startsWith("zcbot-doctor-"));
}

/** What another doctor says of tables that one has left in the database. */
async function leftovers(): Promise<unknown[]> {
  const { report } = await diagnose(["--no-crash-test"]);
  return report.checks.filter(({ text }) => text.includes("zcbot_doctor_"));
}

const nothingWrong = { lost: 0, duplicated: 0 };

/** Three servers are started, one after the other. */
describe("the crash test", { timeout: 120_000 }, () => {
  test("kills servers in the middle of a run, and finds nothing lost and nothing done twice", async () => {
    const { code, report } = await diagnose([]);
    // The tests' Postgres is fast at the price of what a power cut would take.
    expect(report.checks.filter(({ state }) => state === "failed")).toMatchObject([
      { name: "database", text: expect.stringContaining("fsync off") },
    ]);
    expect(report.crash_test).toMatchObject({
      database: expect.stringContaining("the schema zcbot_doctor_"),
      tool: "bash",
      crashes: [{ point: "in a command" }, { point: "in an answer" }],
      events: nothingWrong,
      messages: { ...nothingWrong, total: 18 },
      effects: { ...nothingWrong, total: 5 },
      differing: 0,
      errors: [expect.stringContaining("not known whether it took effect")],
      end: "ok",
    });
    expect(report.ok).toBe(false);
    expect(code).toBe(1);
    expect(await scratch()).toEqual([]);
    expect(await leftovers()).toEqual([]);
  });

  // As much work as thirty other tests: in the long pass (`ATTACKS=long`).
  test.runIf(effort.isLong)(
    "counts edits where the agent has no shell, on a Postgres of its own where none is set",
    async () => {
      const environment = {
        DATABASE_URL: "",
        ZCBOT_SANDBOX: "disabled",
        ZCBOT_PLATFORM_KEY: "平台密钥 7f3c19ab-doctor",
        ZCBOT_JWT_SECRET: "令牌密钥 0d9e4b7a61c85f2e-doctor-3b18a6f4",
        ZCBOT_HOST: "0.0.0.0",
      };
      const { code, report, out } = await diagnose([], { environment });
      expect(report.crash_test).toMatchObject({
        database: "a built-in Postgres of its own",
        tool: "edit",
        events: nothingWrong,
        messages: nothingWrong,
        effects: nothingWrong,
        end: "ok",
      });
      expect(out).toContain("the agent has no shell");
      expect(report.ok).toBe(true);
      expect(code).toBe(0);
      expect(await scratch()).toEqual([]);
    },
  );

  test("leaves nothing behind when it is interrupted", async () => {
    const command = setting.start(["doctor"], { environment: { TMPDIR: temporary } });
    await command.says("model ");
    command.child.kill("SIGINT");
    expect(await command.ended).toBe(130);
    expect(command.stderr()).toContain("Interrupted");
    expect(await scratch()).toEqual([]);
    expect(await leftovers()).toEqual([]);
  });
});

describe("what it looks at", () => {
  const found = (report: Report, name: string) => report.checks.filter((check) => check.name === name);
  const look = (environment: Record<string, string> = {}, ...parameters: string[]) =>
    diagnose(["--no-crash-test", ...parameters], { environment });

  test("is told line by line, each with its mark", async () => {
    const environment = { DATABASE_URL: "" };
    const { code, out } = await setting.run(["doctor", "--no-crash-test"], { environment });
    for (const name of ["node", "configuration", "disk", "database", "sandbox", "model"]) {
      expect(out).toMatch(new RegExp(`^(ok|warning) +${name} +\\S`, "m"));
    }
    expect(out).not.toContain("crash test");
    expect(code).toBe(0);
  });

  test("shows no key and no password", async () => {
    const key = "sk-geheimschluessel-0123456789";
    const { out, err } = await look({
      OPENAI_API_KEY: key,
      DATABASE_URL: "postgres://u:kennwort@127.0.0.1:9/x",
    });
    expect(out).toContain("key in OPENAI_API_KEY set");
    expect(out + err).not.toContain(key);
    expect(out + err).not.toContain("kennwort");
  });

  test("all problems of the configuration, with exit code 2", async () => {
    const { code, report } = await look({ ZCBOT_PORT: "很多", ZCBOT_SANDBOX: "铁" });
    expect(found(report, "configuration").map(({ state }) => state)).toEqual(["failed", "failed"]);
    expect(code).toBe(2);
  });

  test("a database that cannot be reached is a failure that names the place", async () => {
    const { code, report } = await look({ DATABASE_URL: "postgres://u@127.0.0.1:9/x" });
    expect(found(report, "database")).toMatchObject([
      { state: "failed", text: expect.stringContaining("127.0.0.1:9/x") },
    ]);
    expect(code).toBe(1);
  });

  test("a sandbox level with which no server starts is a failure", async () => {
    // Outside local mode commands without a sandbox are for nobody.
    const { code, report } = await look({
      ZCBOT_SANDBOX: "off",
      ZCBOT_PLATFORM_KEY: "平台密钥 7f3c19ab-doctor",
      ZCBOT_JWT_SECRET: "令牌密钥 0d9e4b7a61c85f2e-doctor-3b18a6f4",
    });
    expect(found(report, "sandbox")).toMatchObject([{ state: "failed" }]);
    expect(code).toBe(1);
  });

  test("secrets that others may read are a failure", async () => {
    const folder = join(temporary, "数据");
    await mkdir(folder);
    await writeFile(join(folder, "secrets.json"), "{}", { mode: 0o644 });
    const { code, report } = await look({ ZCBOT_DATA: folder });
    expect(found(report, "data folder")).toMatchObject([{ state: "failed" }]);
    expect(code).toBe(1);
  });

  test("the server that runs on the data folder, and the servers on the database with their roles", async () => {
    const server = setting.start(["serve"]);
    await server.says("\n");
    const { report } = await look();
    const pid = `process ${server.child.pid}`;
    expect(found(report, "server")).toMatchObject([{ state: "ok", text: expect.stringContaining(pid) }]);
    expect(found(report, "servers")).toMatchObject([
      { state: "ok", text: expect.stringMatching(new RegExp(`: all, ${pid}, .* 0 runs at work`)) },
    ]);
    server.child.kill("SIGTERM");
    await server.ended;
    expect(found((await look()).report, "server")[0]?.text).toContain("none runs");
  });

  test("models are asked only where --models is given", async () => {
    setting.models.reset();
    await look();
    expect(setting.models.requests).toHaveLength(0);
    expect(found((await look({}, "--models")).report, "model")).toMatchObject([
      { state: "ok", text: expect.stringContaining("answered in") },
    ]);
    setting.models.script({ status: 401, body: "" });
    const { code, report } = await look({}, "--models");
    expect(found(report, "model")).toMatchObject([
      { state: "failed", text: expect.stringContaining("refused access") },
    ]);
    expect(code).toBe(1);
  });
});
