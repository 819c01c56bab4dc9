import { survivorMark } from "../sandbox/checks/survivors.ts";
import { harms, type Scenario } from "./scenario.ts";

/** Harm to the server, its machine and its neighbours. */
export const breakingScenarios: Scenario[] = [
  harms("a signal to everybody", () => "kill -9 -1"),
  harms(
    "a signal to the server",
    ({ server }) => `kill -9 ${server}; kill -STOP ${server}; kill -TERM ${server}`,
  ),
  harms("a signal to a process of the host", ({ victim }) => `kill -9 ${victim}; kill -9 -- -${victim}`),
  harms("a signal to the command's parent", () => "kill -9 $PPID 1"),
  harms(
    "a debugger",
    ({ server }) =>
      `timeout 3 strace -p ${server}; timeout 3 gdb -p ${server} -batch; perl -e 'print syscall(101, 16, ${server}, 0, 0) == 0 ? "CONNECTED" : ""'`,
  ),
  harms(
    "programs that make root",
    () => "sudo -n id; su -c id; pkexec id; newgrp root; [ $(id -u) = 0 ] && echo CONNECTED",
  ),
  harms(
    "a setuid program of its own",
    () => "cp /bin/bash x && chmod 4755 x && ./x -p -c 'id -u' | grep -qx 0 && echo CONNECTED; rm -f x",
  ),
  harms(
    "new namespaces",
    () => "unshare -Urm true && echo CONNECTED; bwrap --ro-bind / / true && echo CONNECTED; true",
  ),
  harms(
    "mounts",
    () =>
      "mount -t tmpfs none /tmp && echo CONNECTED; mount -o remount,rw / && echo CONNECTED; umount /proc/sys && echo CONNECTED; true",
  ),
  harms(
    "keys of the kernel",
    () => `keyctl show && echo CONNECTED; perl -e 'print syscall(250, 0, -3, 1) >= 0 ? "CONNECTED" : ""'`,
  ),
  harms(
    "a socket to the machine's keeper",
    () => `perl -e 'print syscall(41, 40, 1, 0) >= 0 ? "CONNECTED" : ""'`,
  ),
  harms("abstract sockets", () => "grep -q @ /proc/net/unix && echo CONNECTED; true"),
  harms("what runs when programs crash", () => ": >> /proc/sys/kernel/core_pattern && echo CONNECTED; true"),
  harms(
    "memory of the machine",
    () => "head -c 1 /dev/mem && echo CONNECTED; head -c 1 /proc/kcore && echo CONNECTED; true",
  ),
  harms(
    "limits raised",
    () => "ulimit -Hn 1000000 && echo CONNECTED; ulimit -f unlimited && echo CONNECTED; true",
  ),
  harms(
    "processes that stay",
    () =>
      `for i in 1 2 3; do (setsid bash -c 'exec -a ${survivorMark} sleep 60' > /dev/null 2>&1 &); done; (trap '' TERM HUP; exec -a ${survivorMark} sleep 60) & nohup bash -c 'exec -a ${survivorMark} sleep 60' > /dev/null 2>&1 & sleep 0.1`,
  ),
  harms(
    "jobs for later",
    () =>
      "echo '* * * * * true' | crontab - && echo CONNECTED; echo true | at now && echo CONNECTED; systemd-run true && echo CONNECTED; true",
  ),
  harms("a flood of output", () => "yes 水泥 | head -c 100000000"),
  harms(
    "output of control characters",
    () => "head -c 200000 /dev/urandom; printf '\\033[2J\\033]52;c;eA==\\007\\0'",
  ),
  harms(
    "processes without end",
    () =>
      "perl -e 'for (1 .. 400) { my $p = fork; last unless defined $p; if (!$p) { sleep 5; exit } }'; true",
  ),
  harms("memory without end", () => `perl -e '$x .= "x" x (1 << 24) for 1 .. 256; print "CONNEC" . "TED"'`),
  harms("a disk filled with names", () => "mkdir many; for i in $(seq 1 3000); do : > many/$i; done"),
  harms(
    "folders in folders",
    () => 'perl -e \'for (1 .. 1500) { mkdir "x" x 200; chdir "x" x 200 or last }\'',
  ),
  harms(
    "its own directory taken away",
    () => "cd /; rm -rf /work/* /work/.[!.]*; rmdir /work; mv /work /x; ln -s / /work",
  ),
  harms(
    "the files of others removed",
    ({ theirs, dataDir, temporary, neighbour }) => `rm -rf ${theirs} ${dataDir} ${temporary} ${neighbour}`,
  ),
  harms(
    "the clock and the name of the machine",
    () => "date -s now && echo CONNECTED; hostname x && echo CONNECTED; true",
  ),
  harms(
    "devices",
    () => "mknod disk b 8 0 && echo CONNECTED; find /dev -type b | grep . && echo CONNECTED; true",
  ),
  harms(
    "modules and programs of the kernel",
    () =>
      "modprobe x && echo CONNECTED; insmod x && echo CONNECTED; bpftool prog list && echo CONNECTED; true",
  ),
];
