import { readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { devices, inside, insideUser, type Mount } from "./root.ts";
import { type Build, type CommandLimits, commandEnvironment } from "./sandbox.ts";
import { userSkills, type View } from "./view.ts";

export interface NamespacesOptions {
  /** For files of its own. */
  folder: string;
  view: View;
  proc: readonly Mount[];
  limits: CommandLimits;
  /** The filter of system calls; set by perl, which nearly every system has. */
  filter: Uint8Array | undefined;
  init: string;
}

const sharedMemoryBytes = 2 ** 26;

// Waits until it is within its limits. setpriv: the server's death, kill -9 included, kills unshare; --kill-child: that
// kills the namespace.
const outer = ["/bin/sh", "-c", 'read -r go <&3 && exec "$@" 3<&-', "sh", "setpriv", "--pdeathsig", "KILL"];
const allNamespaces = [
  "--user",
  "--map-root-user",
  "--mount",
  "--pid",
  "--net",
  "--ipc",
  "--uts",
  "--cgroup",
];

/**
 * Commands in namespaces of util-linux's `unshare`, for systems without bubblewrap. The first namespace of users may
 * mount and makes the scenery; the command runs in one within it, which owns none of those mounts and can make no more.
 */
export function namespaces(options: NamespacesOptions): Build {
  const { folder, view, proc, limits, filter, init } = options;
  const { uid, gid } = insideUser;
  const identity = ["unshare", "--user", `--map-user=${uid}`, `--map-group=${gid}`];
  const guard = filter ? filterLoader(filter) : ["setpriv", "--no-new-privs"];
  const place = (to: string) => `${view.root}${to}`;
  const bind = ({ from, to }: Mount, how = "ro,nodev") =>
    entry(from, place(to), "none", ["bind", how, "nosuid", ...lockedOptions(from)].join(","));
  const scenery = [
    bind({ from: view.root, to: "", kind: "directory" }),
    ...view.mounts.map((mount) => bind(mount)),
    entry("proc", place("/proc"), "proc", "nosuid,nodev,noexec"),
    ...proc.map((mount) => bind(mount)),
    // Read-only: what is written to a device is written all the same, its mode is not.
    ...Object.keys(devices).map((name) =>
      bind({ from: `/dev/${name}`, to: `/dev/${name}`, kind: "file" }, "ro"),
    ),
    entry("devpts", place("/dev/pts"), "devpts", "newinstance,ptmxmode=0666,mode=0620,nosuid,noexec"),
    entry("tmpfs", place("/dev/shm"), "tmpfs", `size=${sharedMemoryBytes},mode=1777,nosuid,nodev`),
    entry("tmpfs", place("/tmp"), "tmpfs", `size=${limits.temporaryBytes},mode=1777,nosuid,nodev`),
  ];
  const script = [
    "set -e",
    'mount --all --fstab "$1"; shift',
    // For the namespace that follows, and none within it.
    "echo 1 > /proc/sys/user/max_user_namespaces",
    // The file lets in nobody but the machine's own root; the host's name is no secret.
    "{ echo zcbot > /proc/sys/kernel/hostname || hostname zcbot || true; } 2> /dev/null",
    "if command -v ip > /dev/null; then ip link set lo up; fi",
    `cd ${quote(view.root)}`,
    "pivot_root . old",
    "umount -l /old",
    `cd ${inside.work}`,
    `exec ${[...identity, ...guard].map(quote).join(" ")} /bin/sh -c ${quote(init)} sh "$@"`,
  ].join("\n");
  let written = 0;
  return (command) => {
    const work: Mount = { from: command.cwd, to: inside.work, kind: "directory" };
    const all = [
      ...scenery,
      ...(view.userFiles ? [bind({ from: dirname(command.cwd), to: inside.files, kind: "directory" })] : []),
      ...userSkills(command.cwd).map((from) => bind({ from, to: inside.userSkills, kind: "directory" })),
      bind(work, command.writes === false ? "ro,nodev" : "rw,nodev"),
    ];
    // mount takes this from a regular file only.
    const table = join(folder, `mounts-${++written}`);
    writeFileSync(table, `${all.join("\n")}\n`);
    return {
      argv: [
        ...[...outer, "unshare", ...allNamespaces, "--fork", "--kill-child"],
        ...["/bin/sh", "-c", script, "sh", table, ...command.argv],
      ],
      cwd: "/",
      env: commandEnvironment(command, inside.work),
      inputs: [Buffer.from("\n")],
      onEnded: () => rmSync(table, { force: true }),
    };
  };
}

/**
 * What mount(8) has to repeat where it binds a path: a namespace of users may take none of it away. systemd mounts /proc, for
 * one, so that nothing there can be executed.
 */
function lockedOptions(path: string): string[] {
  const real = realPathOf(path);
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, , , , point = "", options = ""] = line.split(" ");
      return { point: unescapeField(point), options };
    })
    .filter(({ point }) => real === point || real.startsWith(point === "/" ? point : `${point}/`));
  const deepest = Math.max(...mounts.map(({ point }) => point.length));
  // Of several at one place the last is the one that is seen.
  const options = mounts.findLast(({ point }) => point.length === deepest)?.options.split(",") ?? [];
  return options.filter((option) => option === "noexec" || option === "nodev");
}

/** As given where nothing is: mount(8) then says so. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function unescapeField(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 8)),
  );
}

/** A line of fstab(5): what would end a field is written as its octal number. */
function entry(from: string, to: string, type: string, options: string): string {
  const field = (path: string) =>
    path.replaceAll(/[\s\\#]/g, (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return `${field(from)} ${field(to)} ${type} ${options} 0 0`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Loads the filter and starts its arguments. The numbers are those of prctl(2), PR_SET_NO_NEW_PRIVS and PR_SET_SECCOMP. */
function filterLoader(filter: Uint8Array): string[] {
  const prctl = process.arch === "arm64" ? 167 : 157;
  const code = `
    my $filter = pack("H*", shift);
    my $program = pack("S x6 P", length($filter) / 8, $filter);
    syscall(${prctl}, 38, 1, 0, 0, 0) == 0 && syscall(${prctl}, 22, 2, $program) == 0 or die "no filter: $!";
    exec { $ARGV[0] } @ARGV;`;
  return ["perl", "-e", code, Buffer.from(filter).toString("hex")];
}
