import { realpath } from "node:fs/promises";
import { groupLauncher } from "./plain.ts";
import { commandEnvironment, type Sandbox } from "./sandbox.ts";
import { userSkills, type ViewOptions } from "./view.ts";

/**
 * Commands under macOS's `sandbox-exec`, for development: they write to their directory and to nothing else, do not read
 * what is hidden or other people's files, and have no network. They see the host's paths and processes, and nothing limits
 * what they use.
 */
export async function seatbelt({ hidden, skills, readable, programs }: ViewOptions): Promise<Sandbox> {
  const { prefix, containment } = await groupLauncher();
  const secret = await Promise.all(hidden.map((path) => realpath(path).catch(() => path)));
  const readableToo = [
    "/usr",
    "/bin",
    "/sbin",
    "/System",
    "/Library",
    "/private/etc",
    "/dev",
    "/opt",
    skills,
  ];
  const profile = (cwd: string, writes: boolean) =>
    [
      "(version 1)(deny default)(allow process-exec process-fork signal sysctl-read mach-lookup)",
      "(allow file-read-metadata)",
      `(allow file-read* ${[...readableToo, ...readable, ...programs, ...userSkills(cwd)].map(below).join(" ")})`,
      `(deny file-read* ${secret.map(below).join(" ")})`,
      `(allow file-read*${writes ? " file-write*" : ""} ${below(cwd)})`,
      '(allow file-write* (literal "/dev/null") (literal "/dev/zero"))',
    ].join("\n");
  return {
    level: "reduced",
    lacks: ["macOS has sandbox-exec only: zcbot serves one user there, for development."],
    containment,
    network: "none",
    pathInside: (hostPath) => hostPath,
    pathOfSkills: (hostFolder) => hostFolder,
    pathOfProgram: (program) => program,
    prepare: (command) => ({
      argv: [
        ...prefix,
        "sandbox-exec",
        "-p",
        profile(command.cwd, command.writes !== false),
        ...command.argv,
      ],
      cwd: command.cwd,
      env: commandEnvironment(command, command.cwd),
      inputs: [],
      onStarted() {},
      onEnded() {},
    }),
    async close() {},
  };
}

function below(path: string): string {
  return `(subpath ${JSON.stringify(path)})`;
}
