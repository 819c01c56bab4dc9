import { type Check, failing } from "../check.ts";

const places = [
  "$HOME_OF_HOST",
  "/root",
  "/home",
  "/boot",
  "/sys",
  "/mnt",
  "/media",
  "/srv",
  "/var/lib",
  "/var/log",
  "/var/spool",
  "/var/cache",
  "/etc/ssh",
  "/etc/cron.d",
  "/etc/systemd",
  "/etc/sudoers.d",
  "/etc/ssl/private",
  "/run/systemd",
  "/run/docker.sock",
  "/var/run/docker.sock",
  "/run/containerd",
  "/run/user",
  "/run/secrets",
  "/run/dbus",
  "/dev/mapper",
  "/dev/disk",
  "/lost+found",
];

const readOnlyPlaces = [
  "/",
  "/usr",
  "/usr/bin",
  "/usr/lib",
  "/usr/local/bin",
  "/bin",
  "/lib",
  "/etc",
  "/skills",
  "/user-skills",
  "/files",
  "/run",
  "/run/zcbot",
  "/dev",
  "/proc",
  "/var",
  "/old",
  "/empty",
];

/** Calls that give a file the right to run as its owner, as perl has their arguments. F is the file x. */
const modeCalls: [name: string, given: string][] = [
  ["creat", '85, "y\\0", 04755'],
  ["open", '2, "y\\0", 0x41, 04755'],
  ["openat", '257, -100, "y\\0", 0x41, 04755'],
  ["openat2", '437, -100, "y\\0", pack("Q3", 0x41, 04755, 0), 24'],
  ["mknod", '133, "y\\0", 0104755, 0'],
  ["mknodat", '259, -100, "y\\0", 0104755, 0'],
  ["chmod", '90, "x\\0", 04755'],
  ["fchmod", "91, fileno(F), 04755"],
  ["fchmodat", '268, -100, "x\\0", 04755'],
  ["fchmodat2", '452, -100, "x\\0", 04755, 0'],
];

/** Files of the host, and of others. What might work is harmless: it opens and writes nothing, or sets what is set. */
export const fileChecks: Check[] = [
  { name: "another user's file by its path", script: "cat $THEIRS" },
  { name: "another user's folder", script: "ls -la $(dirname $THEIRS)" },
  { name: "the folder of all users", script: "ls -la $(dirname $(dirname $(dirname $THEIRS)))" },
  { name: "the server's secrets", script: "cat $VAULT; cat $DATA/*.json; ls -la $DATA && echo ESCAPED" },
  { name: "a file in the host's folder of temporary files", script: "cat $TEMPORARY; ls -la /tmp /var/tmp" },
  { name: "a path that climbs", script: "cat ../../../../../../..$THEIRS /work/../../..$THEIRS" },
  {
    name: "a path through its own process",
    script: "cat /proc/self/root$THEIRS /proc/self/cwd/../..$THEIRS",
  },
  {
    name: "links to the outside",
    script: `ln -sf $THEIRS one; ln -sf / two; ln -sf ../../../../.. three; cat one two$THEIRS three$THEIRS; rm one two three`,
  },
  { name: "the server's program", script: "ls $CHECKOUT/package.json && echo ESCAPED" },
  {
    name: "accounts of the host",
    script: "grep -q '^root:' /etc/passwd && echo ESCAPED; getent passwd root && echo ESCAPED",
  },
  {
    name: "password hashes of the host",
    script: "cat /etc/shadow /etc/gshadow /etc/shadow- && echo ESCAPED",
  },
  {
    name: "sockets of the host's services",
    script:
      "find / -xdev \\( -path /usr -o -path /proc \\) -prune -o -type s -print 2> /dev/null | grep . && echo ESCAPED",
  },
  {
    name: "anything with a canary in it",
    script:
      "timeout 20 grep -rIls canary- / --exclude-dir=proc --exclude-dir=usr --exclude-dir=lib 2> /dev/null | grep . && echo ESCAPED",
    timeoutMs: 30_000,
  },
  ...places.map((place) => ({
    name: `the host's ${place}`,
    script: `[ -n "$(ls -A ${place} 2> /dev/null)" ] && echo ESCAPED ${place}`,
  })),
  ...readOnlyPlaces.map((place) => failing(`writing to ${place}`, `touch ${place}/zcbot-attack-planted`)),
  failing("replacing a program", ": >> /usr/bin/env"),
  failing("the time of a program", "touch -c -r /usr/bin/env /usr/bin/env"),
  failing("the mode of a program", "chmod 755 /usr/bin/env"),
  failing("the owner of a program", "perl -e 'exit(chown(-1, -1, \"/usr/bin/env\") ? 0 : 1)'"),
  failing("another name for a program", "ln /usr/bin/env own"),
  failing("replacing the loader's cache", ": >> /etc/ld.so.preload || : >> /etc/ld.so.cache"),
  failing("a name server of its own choice", ": >> /etc/resolv.conf"),
  failing("its own directory put elsewhere", "mv /work /elsewhere || mv /work /tmp/"),
  failing("its own directory replaced by a link", "rmdir /work || { rm -rf /work && ln -s / /work; }"),
  failing("a device made in its directory", "mknod disk b 8 0 || mknod memory c 1 1"),
  failing("a device made in /tmp", "mknod /tmp/disk b 8 0 || mknod /tmp/memory c 1 1"),
  {
    name: "disks and other devices",
    script:
      "find /dev -type b | grep . && echo ESCAPED; for device in mem kmem port kmsg fuse kvm loop-control net/tun vhost-vsock vsock userfaultfd uinput rtc0 btrfs-control cpu_dma_latency hpet nvram snapshot; do [ -e /dev/$device ] && echo ESCAPED $device; done",
  },
  {
    name: "devices beyond the usual ones",
    script:
      "for device in $(find /dev -type c); do case $device in /dev/null|/dev/zero|/dev/full|/dev/random|/dev/urandom|/dev/tty|/dev/pts/*|/dev/console|/dev/ptmx) ;; *) echo ESCAPED $device ;; esac; done",
  },
  {
    name: "a program in its directory that makes its caller root",
    script: "cp /bin/bash shell && chmod 6755 shell && ./shell -p -c 'id -u' | grep -qx 0 && echo ESCAPED",
  },
  {
    name: "a program with its owner's rights, by chmod",
    script: "cp /bin/true x; chmod 4755 x",
  },
  {
    name: "a program with its owner's rights, by chmod, its group's",
    script: "cp /bin/true x; chmod g+s x",
  },
  {
    name: "a program with its owner's rights, by perl",
    script: "cp /bin/true x; perl -e 'chmod 04755, \"x\"'",
  },
  {
    name: "a program with its owner's rights, by an open file",
    script: 'cp /bin/true x; perl -e \'open F, ">>", "x"; chmod 06755, *F\'',
  },
  {
    name: "a program with its owner's rights, by making it so",
    script: "cp /bin/true x; perl -e 'use Fcntl; sysopen F, \"y\", O_CREAT | O_WRONLY, 04755'",
  },
  {
    name: "a program with its owner's rights, by python",
    script:
      'cp /bin/true x; python3 -c \'import os; os.close(os.open("y", os.O_CREAT | os.O_WRONLY, 0o6777)); os.chmod("x", 0o4755)\'',
  },
  {
    name: "a program with its owner's rights, by install, cp and tar",
    script: "cp /bin/true x; install -m 4755 x y; tar c --mode=4755 x | tar xp; cp --preserve=mode y z",
  },
  ...modeCalls.map(([name, given]) => ({
    name: `a program with its owner's rights, by the call ${name}`,
    onlyOn: "x64" as const,
    script: `cp /bin/true x; perl -e 'umask 0; open F, ">>", "x"; print syscall(${given})'`,
  })),
  failing("rights given to a file", "cp /bin/true able && setcap cap_sys_admin+ep able"),
  failing("attributes of security set", "python3 -c \"import os; os.setxattr('.', 'security.zcbot', b'x')\""),
  failing("attributes of trust set", "python3 -c \"import os; os.setxattr('.', 'trusted.zcbot', b'x')\""),
];
