import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listSettings, type Setting } from "../src/server/settings/settings.ts";
import { settingsSchema } from "./settings-schema.ts";

// Writes docs/configuration.md, docs/zcbot.schema.json and .env.example from the settings' schema; with --check it writes nothing
// and fails where they differ.

const root = join(import.meta.dirname, "..");

/** The documentation of all settings, as Markdown. */
export function configurationPage(): string {
  const rows = listSettings().map((setting) => {
    const { path, environment, description } = setting;
    const variable = environment ? `\`${environment}\`` : "";
    return `| \`${path.join(".")}\` | ${variable} | ${describeDefault(setting)} | ${description} |`;
  });
  return `# Configuration

Printed from \`src/server/settings/settings.ts\` by \`node scripts/print-configuration.ts\`: change it there.

A setting is taken from the command line (\`--data-dir\` for \`dataDir\`; not for those under \`limits\`), else from
its environment variable, else from \`zcbot.jsonc\` (JSON with comments, in the current folder, else in the data
folder), else it has its default. An empty variable counts as unset. Whatever is wrong is told all at once, and
zcbot ends with exit code 2.

| in \`zcbot.jsonc\` | environment | default | what it does |
|---|---|---|---|
${rows.join("\n")}

\`"$schema": "<path>/docs/zcbot.schema.json"\` lets editors complete and check the file.

A name with a dot stands in a group: \`{ "limits": { "steps": 50 } }\`.

The keys and addresses of model providers are theirs by name: \`OPENAI_API_KEY\` (with \`OPENAI_BASE_URL\`),
\`ANTHROPIC_API_KEY\`, \`GOOGLE_GENERATIVE_AI_API_KEY\`, \`DEEPSEEK_API_KEY\`, \`DASHSCOPE_API_KEY\`, \`MOONSHOT_API_KEY\`,
\`OPENROUTER_API_KEY\`, \`OLLAMA_BASE_URL\`.
`;
}

/** A file of variables to copy, everything commented out. */
export function environmentExample(): string {
  const entries = listSettings().flatMap((setting) => {
    const { environment, description, schema } = setting;
    if (!environment) return [];
    const value = schema.safeParse(undefined).data ?? "";
    return [`# ${description.replaceAll("`", "")}`, `#${environment}=${value}`, ""];
  });
  return `# Settings of zcbot; see docs/configuration.md. Printed by scripts/print-configuration.ts.\n\n${entries.join("\n")}`;
}

function describeDefault({ schema, defaultText }: Setting): string {
  if (defaultText) return defaultText;
  const value = schema.safeParse(undefined).data;
  return value === undefined ? "" : `\`${value}\``;
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  for (const [name, content] of [
    ["docs/configuration.md", configurationPage()],
    ["docs/zcbot.schema.json", settingsSchema()],
    [".env.example", environmentExample()],
  ] as const) {
    const path = join(root, name);
    if (!check) writeFileSync(path, content);
    else if (readFileSync(path, "utf8") !== content) {
      process.stderr.write(`${name} is out of date: run "node scripts/print-configuration.ts".\n`);
      process.exitCode = 1;
    }
  }
}
