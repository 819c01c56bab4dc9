import { type Check, failing, failingCall, refusedCall } from "../check.ts";

const flags = {
  user: 0x10000000,
  mount: 0x20000,
  pid: 0x20000000,
  net: 0x40000000,
  ipc: 0x8000000,
  uts: 0x4000000,
  cgroup: 0x2000000,
  time: 0x80,
};

/** What makes a process more than it is. */
export const privilegeChecks: Check[] = [
  { name: "it is not root", script: "[ $(id -u) = 0 ] && echo ESCAPED" },
  {
    name: "it has no rights of root's",
    script: "grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status | grep -v '0000000000000000$' && echo ESCAPED",
  },
  {
    name: "its children have none either",
    script: "grep ^CapBnd /proc/self/status | grep -v '0000000000000000$' && echo ESCAPED",
    promised: "strict",
  },
  { name: "it can gain no rights", script: "grep -q '^NoNewPrivs:.1' /proc/self/status || echo ESCAPED" },
  {
    name: "a filter of system calls is on",
    script: "grep -q '^Seccomp:.2' /proc/self/status || echo ESCAPED",
  },
  failing("becoming root", "perl -e '$> = $< = 0; exit($< == 0 ? 0 : 1)'"),
  failingCall("setuid(0)", 105, 0),
  failingCall("setgid(0)", 106, 0),
  failingCall("setresuid(0, 0, 0)", 117, 0, 0, 0),
  failingCall("setgroups", 116, 1, "pack('l', 0)"),
  failing("su", "echo | su -c true"),
  failing("sudo", "sudo -n true"),
  failing(
    "programs that make their caller root",
    "find /usr/bin /usr/sbin -perm -4000 -type f 2> /dev/null -exec {} --version \\; > /dev/null; [ $(id -u) = 0 ]",
  ),
  failing("maps of users by a helper", "unshare -U sleep 0 || newuidmap $$ 0 0 1"),
  failing("chroot", "chroot / true"),
  refusedCall("chroot", 161, '"/tmp\\0"'),
  ...Object.entries(flags).map(([name, flag]) => failingCall(`a new ${name} namespace`, 272, flag)),
  ...Object.entries(flags)
    .filter(([name]) => name !== "time")
    .map(([name, flag]) => ({
      name: `a child in a new ${name} namespace`,
      onlyOn: "x64" as const,
      script: `perl -e '$r = syscall(56, ${flag} | 17, 0, 0, 0, 0); if (defined $r && $r == 0) { syscall(231, 0) } print $r > 0 ? "ESCAPED" : "held $!"'`,
    })),
  {
    name: "clone3, whose flags a filter cannot see",
    onlyOn: "x64",
    script: `perl -MErrno -e '$a = pack("Q8", ${flags.user}, 0, 0, 0, 17, 0, 0, 0); $r = syscall(435, $a, 64); if ($r == 0) { syscall(231, 0) } print $r == -1 ? "held $!" : "ESCAPED"'`,
  },
  {
    name: "setns into what the first process has",
    script: `for name in user mnt pid net ipc uts cgroup; do perl -e 'open(F, "<", "/proc/1/ns/$ARGV[0]") or exit; print syscall(308, fileno(F), 0) == 0 ? "ESCAPED\\n" : "held $!\\n"' $name; done`,
    onlyOn: "x64",
  },
  failing("a sandbox within the sandbox", "unshare --user --map-root-user true || bwrap --ro-bind / / true"),
  failing("a sandbox within, that mounts", "unshare -Urm mount -t tmpfs none /tmp"),
  failing("mount of a file system in memory", "mount -t tmpfs none /tmp"),
  failing("mount of /proc", "mount -t proc none /tmp"),
  failing("mount of control groups", "mount -t cgroup none /tmp || mount -t cgroup2 none /tmp"),
  failing("mount of the host's devices", "mount -t devtmpfs none /tmp"),
  failing("mount of one place on another", "mount --bind /usr /tmp"),
  failing(
    "mount anew, to write",
    "mount -o remount,rw /usr || mount -o remount,rw,bind /usr || mount -o remount,rw /",
  ),
  failing(
    "taking away what covers something",
    "umount /proc/sys || umount -l /proc || umount /tmp || umount -l /work",
  ),
  failing("fuse", "[ -e /dev/fuse ] && exec 7<> /dev/fuse"),
  failing("loop devices", "losetup -f"),
  failing("the name of the machine", 'hostname "$(hostname)"'),
  failing("the clock", "date -s now"),
  failing(
    "a terminal's input",
    `perl -e 'open(T, "<", "/dev/tty") or open(T, "<&", 0) or exit 1; $c = "x"; exit(ioctl(T, 0x5412, $c) ? 0 : 1)'`,
  ),
  refusedCall("ioctl that puts words into a terminal", 16, 0, 0x5412, "$b"),
  refusedCall("ioctl that uses a console", 16, 0, 0x541c, "$b"),
  {
    name: "words into a terminal, by a number with a high half",
    onlyOn: "x64",
    script: `perl -MErrno -e '$c = "x"; $r = syscall(16, 0, 0x5412 | (1 << 32), $c); print $r == -1 && $!{EPERM} ? "held" : "ESCAPED $!"'`,
  },
  failing("bash's own way to a terminal", "script -qc true /tmp/typescript < /dev/tty"),
  failing("limits raised: open files", "ulimit -Hn 100000 && ulimit -n 100000"),
  failing("limits raised: size of files", "ulimit -f unlimited"),
  failing("limits raised: core files", "ulimit -c 1000"),
  failing(
    "priority raised",
    "nice -n -5 true 2>&1 | grep -q 'cannot' && false || [ $(nice -n -5 nice) -lt 0 ]",
  ),
  failing("a real-time scheduler", "chrt -f 10 true || chrt -r 10 true"),
  failing("disk priority raised", "ionice -c 1 true"),
  failing(
    "memory locked beyond its limit",
    "perl -e 'exit(syscall(151, 1) == 0 && syscall(9, 0, 1 << 28, 3, 0x22 | 0x2000, -1, 0) > 0 ? 0 : 1)'",
    { onlyOn: "x64" },
  ),
];
