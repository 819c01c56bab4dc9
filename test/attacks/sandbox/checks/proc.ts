import { type Check, failing } from "../check.ts";

const settings = [
  "kernel/core_pattern",
  "kernel/hostname",
  "kernel/modprobe",
  "kernel/sysrq",
  "kernel/panic",
  "kernel/printk",
  "kernel/randomize_va_space",
  "kernel/pid_max",
  "kernel/ns_last_pid",
  "kernel/poweroff_cmd",
  "vm/drop_caches",
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "fs/file-max",
  "fs/suid_dumpable",
  "fs/binfmt_misc/register",
  "fs/protected_hardlinks",
  "net/ipv4/ip_forward",
  "net/ipv4/ip_unprivileged_port_start",
  "net/ipv4/ping_group_range",
  "user/max_user_namespaces",
];

/** What /proc tells and takes. */
export const procChecks: Check[] = [
  {
    name: "the environment of every process",
    script: "cat /proc/*/environ /proc/*/task/*/environ | tr '\\0' '\\n'",
  },
  {
    name: "the command line of every process",
    script:
      "cat /proc/*/cmdline | tr '\\0' ' ' | grep -Fe $DATA -e $CHECKOUT -e $(dirname $TEMPORARY) && echo ESCAPED",
  },
  {
    name: "processes of the host",
    script:
      "for p in /proc/[0-9]*; do case $(cat $p/comm) in node*|postgres*|vitest*|systemd*) echo ESCAPED $p ;; esac; done; [ $(ls -d /proc/[0-9]* | wc -l) -gt 20 ] && echo ESCAPED",
  },
  {
    name: "the process that is not to be touched",
    script: "[ -e /proc/$VICTIM ] && grep -q sleep /proc/$VICTIM/comm && echo ESCAPED",
  },
  {
    name: "roots of other processes",
    script:
      "for p in /proc/[0-9]*; do cat $p/root$THEIRS; ls $p/root/root 2> /dev/null | grep . && echo ESCAPED; done",
  },
  {
    name: "directories of other processes",
    script: "for p in /proc/[0-9]*; do cat $p/cwd$THEIRS $p/cwd/../..$THEIRS; done",
  },
  {
    name: "descriptors of other processes",
    script:
      "for d in /proc/[0-9]*/fd/*; do case $(readlink $d) in *$DATA*|*canary*|*secrets*) echo ESCAPED $d ;; esac; done; timeout 2 cat /proc/1/fd/[3-9] < /dev/null",
  },
  {
    name: "descriptors that it inherits",
    script: `perl -e 'for (3 .. 1023) { my $to = readlink "/proc/self/fd/$_"; print "ESCAPED $_ $to\n" if defined $to && $to ne "/proc" }'`,
  },
  {
    name: "descriptors of the first process",
    script: `perl -e 'for (3 .. 1023) { my $to = readlink "/proc/1/fd/$_"; print "ESCAPED $_ $to\n" if defined $to && $to !~ /^anon_inode/ }'`,
  },
  failing(
    "memory of the first process, to read",
    "head -c 1 /proc/1/mem || dd if=/proc/1/mem bs=1 count=1 skip=4194304",
  ),
  // It may be written to by its own kind; so it must be no more than they are.
  {
    name: "rights of the first process",
    script:
      "grep -E '^Cap(Prm|Eff)' /proc/1/status | grep -v '0000000000000000$' && echo ESCAPED; grep -q '^Seccomp:.2' /proc/1/status && grep -q '^NoNewPrivs:.1' /proc/1/status || echo ESCAPED",
  },
  failing("the program of the first process, to write", "echo x > /proc/1/exe"),
  failing("the program that runs it, to write", "echo x > /proc/self/exe"),
  failing("the kernel's memory", "head -c 64 /proc/kcore | grep -q ."),
  failing("the kernel's log", "timeout 1 head -c 1 /proc/kmsg | grep -q . || dmesg | grep -q ."),
  failing("the kernel's addresses", "grep -v '^0000000000000000' /proc/kallsyms | grep -q ."),
  failing("the host's keys", "grep -q . /proc/keys || grep -q . /proc/key-users"),
  failing("sysrq", "echo h > /proc/sysrq-trigger"),
  ...settings.map((path) => failing(`writing the setting ${path}`, `: >> /proc/sys/${path}`)),
  failing("any setting of the system", "find /proc/sys -type f -writable | grep -q ."),
  {
    name: "anything of the system's own in /proc",
    // What is covered has another kind than its entry says; in `pressure` anybody on the machine may ask to be woken.
    script:
      "for f in $(find /proc -maxdepth 3 -type f -writable -not -path '/proc/[0-9]*' -not -path '/proc/self/*' -not -path '/proc/thread-self/*' -not -path '/proc/pressure/*'); do [ -f $f ] && { : >> $f; } && echo ESCAPED $f; done",
  },
  failing("whom the system ends first", "echo -1000 > /proc/self/oom_score_adj"),
  failing("a map of users of its own", "echo '0 0 1' > /proc/self/uid_map"),
  failing("groups allowed to be set", "echo allow > /proc/self/setgroups"),
  failing("timers of other processes", "grep -q 'pid' /proc/timer_list"),
  failing("the interfaces of the host", "grep -vE 'lo:|Inter|face' /proc/net/dev | grep -q ."),
  failing("connections of the host", "sed -s 1d /proc/net/tcp /proc/net/udp /proc/1/net/tcp | grep -q ."),
  failing("sockets of the host's processes", "grep -q '@\\|/run\\|/tmp' /proc/net/unix"),
  failing("routes of the host", "sed 1d /proc/net/route | grep -q ."),
  failing("buses and interrupts of the host", "find /proc/bus /proc/irq -type f -writable | grep -q ."),
];
