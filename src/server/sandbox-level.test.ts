import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Environment, loadConfig } from "./config.ts";
import { chooseSandbox } from "./sandbox-level.ts";

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
    const environment = { ZCBOT_SANDBOX: level, ZCBOT_NETWORK_ALLOW: "pypi.org" };
    await expect(choose(environment)).rejects.toThrow(
      /ZCBOT_NETWORK_ALLOW|ZCBOT_SANDBOX=reduced cannot be met/,
    );
  },
);
