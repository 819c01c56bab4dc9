import { dirname } from "node:path";
import { bridgeEnvironment } from "../network/bridge.ts";
import type { Mount } from "./root.ts";
import { inside, insideUser } from "./root.ts";
import { type Build, type CommandLimits, commandEnvironment } from "./sandbox.ts";
import { userSkills, type View } from "./view.ts";

export interface BubblewrapOptions {
  /** Path of `bwrap`. */
  program: string;
  view: View;
  proc: readonly Mount[];
  /** In the place of the host's own. */
  devices: readonly Mount[];
  limits: CommandLimits;
  /** The filter of system calls, where there is one. */
  filter: Uint8Array | undefined;
  init: string;
  /** The same, where the command has a way out. */
  bridgedInit: string;
}

/** bubblewrap reads its options, and then the filter, from descriptors: its own argv stays visible inside. */
const optionsDescriptor = 3;
const filterDescriptor = 4;
const sharedMemoryBytes = 2 ** 26;

/** Commands in a sandbox of bubblewrap's. `--die-with-parent`: the server's death, kill -9 included, ends them. */
export function bubblewrap(options: BubblewrapOptions): Build {
  const { program, view, proc, devices, limits, filter } = options;
  const isolation = [
    ...["--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent", "--new-session"],
    // bwrap ends when the first process has, and so when the kernel has emptied the namespace: only if that is not its own.
    "--as-pid-1",
    ...["--cap-drop", "ALL", "--uid", String(insideUser.uid), "--gid", String(insideUser.gid)],
    ...["--hostname", "zcbot", ...(filter ? ["--seccomp", String(filterDescriptor)] : [])],
  ];
  const scenery = [
    ...["--ro-bind", view.root, "/", ...view.mounts.flatMap(readOnly)],
    ...["--proc", "/proc", ...proc.flatMap(readOnly)],
    ...["--dev", "/dev", ...devices.flatMap(({ from, to }) => ["--dev-bind", from, to])],
    ...["--size", String(sharedMemoryBytes), "--perms", "1777", "--tmpfs", "/dev/shm"],
    ...["--remount-ro", "/dev"],
    ...["--size", String(limits.temporaryBytes), "--perms", "1777", "--tmpfs", "/tmp"],
  ];
  const prefix = [program, "--args", String(optionsDescriptor), "--", "/bin/sh", "-c"];
  return (command, proxy) => ({
    argv: [...prefix, proxy ? options.bridgedInit : options.init, "sh", ...command.argv],
    cwd: "/",
    env: { ...(proxy && bridgeEnvironment), ...commandEnvironment(command, inside.work) },
    inputs: [
      encode([
        ...isolation,
        ...scenery,
        ...(view.userFiles ? ["--ro-bind", dirname(command.cwd), inside.files] : []),
        ...userSkills(command.cwd).flatMap((folder) => ["--ro-bind", folder, inside.userSkills]),
        ...[command.writes === false ? "--ro-bind" : "--bind", command.cwd, inside.work],
        ...(proxy ? ["--ro-bind", proxy, inside.proxy] : []),
        ...["--chdir", inside.work],
      ]),
      ...(filter ? [filter] : []),
    ],
    onEnded() {},
  });
}

function readOnly({ from, to }: Mount): string[] {
  return ["--ro-bind", from, to];
}

function encode(options: string[]): Uint8Array {
  return Buffer.from(options.map((option) => `${option}\0`).join(""));
}
