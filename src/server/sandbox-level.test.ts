import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chooseSandbox } from "./sandbox-level.ts";
import { type Environment, loadConfig } from "./settings/config.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zcbot-级别-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const choose = (environment: Environment) =>
  chooseSandbox(loadConfig({ environment: { ...environment, ZCBOT_DATA: folder }, cwd: folder }));

test.each(["reduced", "external", "off", "disabled"])(
  "hosts that commands may reach are not promised at the level %s: there is no start",
  async (level) => {
    const environment = { ZCBOT_SANDBOX: level, ZCBOT_NETWORK_ALLOW: "packages.example.org" };
    await expect(choose(environment)).rejects.toThrow(
      /ZCBOT_NETWORK_ALLOW|ZCBOT_SANDBOX=reduced cannot be met/,
    );
  },
);

/** In local mode, and with a `KEY` not. */
const program = `
  const { loadConfig } = await import("${join(import.meta.dirname, "settings/config.ts")}");
  const { chooseSandbox } = await import("${join(import.meta.dirname, "sandbox-level.ts")}");
  const { FOLDER: folder, KEY: key } = process.env;
  const environment = { ZCBOT_DATA: folder, ...(key && { ZCBOT_PLATFORM_KEY: key, ZCBOT_JWT_SECRET: key + "-9d3e" }) };
  const { shown, notes, sandbox } = await chooseSandbox(loadConfig({ environment, cwd: folder }));
  console.log([shown, ...notes].join("\\n"));
  await sandbox.close();`;

test.runIf(process.platform === "linux").each([
  ["off", ""],
  ["disabled", "b7f1c0d2e95a4836a1f0c7d4e2b89356"],
])("where namespaces are forbidden the level is honestly %s, and the operator reads why", (level, key) => {
  const forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
  const node = [process.execPath, "--input-type=module", "--eval", program];
  const said = execFileSync("unshare", ["--user", "--map-root-user", "sh", "-c", forbid, "sh", ...node], {
    env: { ...process.env, FOLDER: folder, KEY: key },
    encoding: "utf8",
  });
  expect(said).toMatch(new RegExp(`^${level}\n`));
  expect(said).toContain("user.max_user_namespaces");
});
