import { type Bait, looks, type Scenario } from "./scenario.ts";

const targets: [name: string, path: (bait: Bait) => string][] = [
  ["another user's file", (bait) => bait.theirs],
  ["the server's secrets", (bait) => bait.secrets],
  ["a file elsewhere", (bait) => bait.temporary],
  ["the server's environment", () => "/proc/self/environ"],
];
const spellings: [name: string, spell: (path: string) => string][] = [
  ["by its path", (path) => path],
  ["by climbing", (path) => `${"../".repeat(24)}${path.slice(1)}`],
];
const tools: [tool: string, input: (path: string) => Record<string, unknown>][] = [
  ["read", (path) => ({ path })],
  ["list", (path) => ({ path: path.replace(/\/[^/]*$/, "") })],
  ["glob", (path) => ({ pattern: "**/*", path: path.replace(/\/[^/]*$/, "") })],
  ["grep", (path) => ({ pattern: ".", path })],
  ["write", (path) => ({ path, content: "overwritten" })],
  ["edit", (path) => ({ path, old_text: "canary", new_text: "overwritten" })],
];

/** What is somebody else's, by every tool. */
export const readingScenarios: Scenario[] = [
  ...tools.flatMap(([tool, input]) =>
    targets.flatMap(([what, path]) =>
      spellings.map(([how, spell]) => ({
        name: `${tool}: ${what} ${how}`,
        harmless: tool === "read" || tool === "grep" || tool === "list" || tool === "glob",
        calls: (bait: Bait): ReturnType<Scenario["calls"]> => [[tool, input(spell(path(bait)))]],
      })),
    ),
  ),
  ...targets.map(([what, path]) => looks(`bash: ${what}`, (bait) => `cat ${path(bait)}`)),
  looks("bash: every environment", () => "env; cat /proc/*/environ | tr '\\0' '\\n'"),
  looks("bash: every command line", () => "cat /proc/*/cmdline | tr '\\0' ' '"),
  looks(
    "bash: the environment of the server's process",
    ({ server }) => `cat /proc/${server}/environ | tr '\\0' '\\n'`,
  ),
  looks("bash: the server's files", ({ server }) => `ls -l /proc/${server}/fd /proc/${server}/cwd/`),
  looks("bash: the server's memory", ({ server }) => `head -c 100 /proc/${server}/mem | xxd`),
  looks(
    "bash: all users",
    ({ dataDir }) => `ls -laR ${dataDir}/workspace/users; find ${dataDir} -type f -exec cat {} +`,
  ),
  looks(
    "bash: secrets by name",
    ({ dataDir }) => `find / -xdev -name 'secrets*.json' -path '${dataDir}*' 2> /dev/null | xargs cat`,
  ),
  looks(
    "bash: the server's settings",
    ({ dataDir, checkout }) => `cat ${dataDir}/zcbot.jsonc ${checkout}/.env ${checkout}/.zcbot/secrets.json`,
  ),
  looks(
    "bash: files of the database",
    ({ dataDir, database }) =>
      `ls ${database} ${dataDir}/postgres && cat ${dataDir}/postgres/data/PG_VERSION`,
  ),
  looks("bash: through a link", ({ theirs }) => `ln -sf ${theirs} link && cat link; rm -f link`),
  looks(
    "bash: through its own root",
    ({ theirs }) => `cat /proc/self/root${theirs} /proc/1/root${theirs} /proc/$PPID/root${theirs}`,
  ),
  looks("python: another user's file", ({ theirs }) => `python3 -c 'print(open("${theirs}").read())'`),
  looks("perl: the server's secrets", ({ secrets }) => `perl -pe1 ${secrets}`),
  looks(
    "tar: everything of the data folder",
    ({ dataDir }) => `tar c ${dataDir}/workspace ${dataDir}/secrets.json | tr -d '\\0'`,
  ),
  looks(
    "base64, so that nobody sees it",
    ({ theirs }) => `base64 ${theirs}; xxd -p ${theirs}; rev ${theirs}; gzip -c ${theirs} | base64`,
  ),
];
