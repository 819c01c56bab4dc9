/**
 * Attacks at their full length:
 *
 *     npm run attacks -- [paths] [races] [secrets] [injection] [sandbox] [network] [bombs] [web] [--level strict|reduced]
 *
 * All of them where none is named. Exit code 1 where one got through.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { readEnvironment } from "../../src/server/settings/config.ts";

const attacks = ["paths", "races", "secrets", "injection", "sandbox", "network", "bombs", "web"];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { level: { type: "string" } },
});
const unknown = positionals.filter((name) => !attacks.includes(name));
if (unknown.length > 0) {
  console.error(`There is no attack ${unknown.join(", ")}. There are: ${attacks.join(", ")}.`);
  process.exit(2);
}
const chosen = positionals.length > 0 ? positionals : attacks;
const child = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...chosen.map(fileOf)], {
  stdio: "inherit",
  env: {
    ...readEnvironment(),
    ATTACKS: "long",
    ...(values.level !== undefined && { ATTACKS_LEVEL: values.level }),
  },
});
const [code] = await once(child, "exit");
process.exit(code ?? 1);

/** What is tried in a browser is among the web app's own tests. */
function fileOf(name: string): string {
  if (name === "network") return "test/attacks/network/";
  return name === "web" ? "test/e2e/web.test.ts" : `test/attacks/${name}.test.ts`;
}
