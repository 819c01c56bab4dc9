import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, test } from "vitest";

// Who may import whom (ARCHITECTURE.md), and how large things may grow.

const root = join(import.meta.dirname, "..");

/** What the files of a folder may import from `src/`; the most specific folder counts. */
const mayImport: Record<string, string[]> = {
  protocol: ["protocol"],
  workspace: ["workspace", "protocol"],
  agent: ["agent", "workspace", "protocol"],
  client: ["client", "protocol"],
  web: ["web", "client", "protocol"],
  cli: ["cli", "client", "protocol"],
  // Looks at all that a server relies on, without being one.
  "cli/doctor": ["cli/doctor", "client", "server", "protocol"],
  // What stands beside server.ts says what is set and what went wrong; it joins nothing.
  server: ["server/*", "server/settings", "protocol", "workspace"],
  "server/settings": ["server/settings", "server/*", "workspace", "protocol"],
  "server/server.ts": ["server", "agent", "workspace", "protocol"],
  "server/start-work.ts": ["server", "agent", "workspace", "protocol"],
  "server/http": [
    "server/http",
    "server/runs",
    "server/events",
    "server/store",
    "server/export",
    "server/*",
    "workspace",
    "protocol",
  ],
  "server/runs": ["server/runs", "server/events", "server/store", "server/*", "workspace", "protocol"],
  // Where the service meets the agent.
  "server/runs/execute-run.ts": [
    "agent",
    "server/runs",
    "server/events",
    "server/store",
    "server/*",
    "workspace",
    "protocol",
  ],
  "server/runs/mcp.ts": ["agent", "server/settings", "server/store", "server/*", "workspace", "protocol"],
  "server/runs/gather-setting.ts": ["agent", "server/runs", "server/*", "workspace", "protocol"],
  "server/events": ["server/events", "server/store", "server/*", "protocol"],
  "server/store": ["server/store", "server/*", "protocol"],
  "server/export": ["server/export", "server/*", "workspace", "protocol"],
  "server/data-folder": ["server/data-folder", "server/*"],
};

/** They put the parts together; nobody takes anything from them but types. */
const joins: ReadonlySet<string> = new Set(["server/server.ts", "server/start-work.ts"]);

/** Where the table is set aside, and why. Who imports, what, the reason. */
const exceptions: [from: string, to: string, reason: string][] = [
  ["cli/commands/serve.ts", "server", "it is the server"],
  ["cli/commands/migrate.ts", "server", "works on the database without a server"],
  ["cli/commands/doctor.ts", "server", "reads the configuration that it checks"],
  ["cli/local-server.ts", "server", "finds the server of this machine by its lock, signs in by its secrets"],
  ["server/settings/config.ts", "agent/model/profiles", "model profiles are settings"],
  ["server/settings/settings.ts", "agent/model/profiles", "model profiles are settings"],
  [
    "server/settings/settings.ts",
    "server/store/database-url.ts",
    "says what a database's address looks like",
  ],
  [
    "server/store/postgres/postmaster.ts",
    "server/data-folder/process-identity.ts",
    "knows its Postgres as the lock knows its server",
  ],
  [
    "server/runs/membership.ts",
    "server/data-folder/process-identity.ts",
    "looks for its neighbours' processes as the lock does",
  ],
  ["server/settings/config.ts", "agent/tools/web/search", "the search service is a setting"],
  ["server/settings/settings.ts", "agent/tools/web/search", "names the search services"],
  ["server/store/agent/contexts.ts", "agent/context/context-record.ts", "a fork keeps what holds for it too"],
  ["server/models.ts", "agent/model", "makes the models that the settings name"],
  ["server/http/handlers/agent/skills.ts", "agent/skills", "lists, takes in and removes skills"],
  ["server/http/handlers/agent/memory.ts", "agent/memory", "shows and changes what is remembered"],
  ["server/http/handlers/agent/note-skill.ts", "agent/skills", "finds the skill that a message starts"],
];

/** Packages beyond Node's own that a folder may use; folders not named may use any. */
const packages: Record<string, RegExp> = {
  protocol: /^zod$/,
  client: /^(eventsource-parser|zod)$/,
};
/** Folders that run in a browser. */
const browserFolders = ["protocol", "client", "web"];

interface Source {
  /** Relative to src/, with forward slashes. */
  path: string;
  text: string;
  /** What it imports: paths relative to src/, packages as they are. */
  imports: string[];
  packages: string[];
}

const sources = list(join(root, "src"))
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => read(relative(join(root, "src"), path)));
/** Tests may look behind any door. */
const product = sources.filter(({ path }) => !/\.test\.tsx?$/.test(path));

function list(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function read(path: string): Source {
  const text = readFileSync(join(root, "src", path), "utf8");
  const wanted = [...text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*"([^"]+)"/g)].map(
    (match) => match[1] ?? "",
  );
  return {
    path,
    text,
    imports: wanted
      .filter((name) => name.startsWith("."))
      .map((name) => normalize(join(dirname(path), name))),
    packages: wanted.filter((name) => !name.startsWith(".")),
  };
}

function isWithin(path: string, folder: string): boolean {
  // `server/*`: the files of that folder itself.
  if (folder.endsWith("/*")) return dirname(path) === folder.slice(0, -2) && !joins.has(path);
  return path === folder || path.startsWith(`${folder}/`);
}

function isAllowed(from: string, to: string): boolean {
  const folder = Object.keys(mayImport)
    .filter((each) => isWithin(from, each))
    .sort((one, other) => other.length - one.length)[0];
  return folder !== undefined && (mayImport[folder] ?? []).some((each) => isWithin(to, each));
}

function isExcepted(from: string, to: string): boolean {
  return exceptions.some(([file, target]) => file === from && isWithin(to, target));
}

const crossings = product.flatMap(({ path, imports }) =>
  imports.filter((to) => !to.startsWith("..") && !isAllowed(path, to)).map((to) => ({ from: path, to })),
);

describe("who imports whom", () => {
  test("follows the table, but for the exceptions that are listed", () => {
    expect(crossings.filter(({ from, to }) => !isExcepted(from, to))).toEqual([]);
  });

  test("needs every exception that is listed", () => {
    const unused = exceptions.filter(
      ([file, target]) => !crossings.some(({ from, to }) => from === file && isWithin(to, target)),
    );
    expect(unused).toEqual([]);
  });

  test("keeps folders to their packages, and Node out of what runs in a browser", () => {
    const strangers = product.flatMap((source) => {
      const folder = source.path.split("/")[0] ?? "";
      const allowed = packages[folder];
      return source.packages
        .filter((name) => {
          if (name.startsWith("node:")) return browserFolders.includes(folder);
          return allowed && !allowed.test(name);
        })
        .map((name) => `${source.path}: ${name}`);
    });
    expect(strangers).toEqual([]);
  });
});

describe("the house rules", () => {
  test("no file is longer than 400 lines", () => {
    const files = ["src", "test", "scripts", "bench"].flatMap((folder) => list(join(root, folder)));
    const long = files.filter(
      (path) => /\.(tsx?|css)$/.test(path) && readFileSync(path, "utf8").split("\n").length > 401,
    );
    expect(long.map((path) => relative(root, path))).toEqual([]);
  });

  test("no folder holds more than 12 files, tests not counted", () => {
    const sizes = Map.groupBy(product, ({ path }) => dirname(path));
    const large = [...sizes].filter(([, files]) => files.length > 12).map(([folder]) => folder);
    expect(large).toEqual([]);
  });

  test("the environment is read in one file", () => {
    const readers = product.filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ path }) => path);
    expect(readers).toEqual(["server/settings/config.ts"]);
  });

  test("everything is exported by name, and from the file it is in", () => {
    const rule = /^export default\b|^export (\*|\{[^}]*\}) from\b/m;
    // Where a package asks for another form, or is stood in for as a whole, the linter is told why.
    const excused = /lint\/(style\/noDefaultExport|performance\/noBarrelFile)/;
    const breaking = sources.filter(({ text }) => !excused.test(text) && rule.test(text));
    expect(breaking.map(({ path }) => path)).toEqual([]);
  });
});
