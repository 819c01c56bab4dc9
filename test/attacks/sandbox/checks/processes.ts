import { type Check, failing, failingCall } from "../check.ts";

/** Processes of others, and what commands share with them. What becomes of the victim is looked at from outside. */
export const processChecks: Check[] = [
  { name: "a signal to everybody", script: "kill -9 -1 & sleep 0.2" },
  {
    name: "a signal to the process that is not to be touched",
    script: "kill -9 $VICTIM; kill -9 -- -$VICTIM",
  },
  { name: "a signal to its own group and session", script: "(kill -TERM 0) & sleep 0.1" },
  failing("a signal to the first process", "kill -9 1 && sleep 0.2 && ! [ -e /proc/1 ]"),
  {
    name: "signals by numbers beyond",
    script:
      "for p in $(seq 2 40) $(seq $((VICTIM - 5)) $((VICTIM + 5))); do [ $p != $$ ] && [ $p != $PPID ] && kill -USR1 $p; done",
  },
  failingCall("a descriptor of a process of the host", 434, "$ENV{VICTIM}", 0),
  failingCall("tracing the first process", 101, 16, 1, 0, 0),
  failing("the priority of the process that is not to be touched", "renice 19 -p $VICTIM"),
  failing("the processors of the process that is not to be touched", "taskset -p 1 $VICTIM"),
  failing("shared memory of the host", `perl -e 'exit(defined shmget($ENV{SHARED_MEMORY}, 16, 0) ? 0 : 1)'`),
  failing(
    "any shared memory of the host",
    "sed -s 1d /proc/sysvipc/shm /proc/sysvipc/msg /proc/sysvipc/sem | grep -vE 'key' | grep -q .",
  ),
  failing("named memory of the host", "ls /dev/shm | grep -q ."),
  failing("message queues of the host", "ls /dev/mqueue | grep -q ."),
  failing("control groups, to see", "ls /sys/fs/cgroup | grep -q ."),
  failing(
    "control groups, to leave",
    "find / -xdev -path /usr -prune -o -name cgroup.procs -print 2> /dev/null | grep -q .",
  ),
  {
    name: "where it stands among control groups",
    script: "grep -E 'zcbot-[0-9]+/[0-9]+' /proc/self/cgroup && echo ESCAPED",
  },
  failing("a terminal", "[ -t 0 ] || tty | grep -q /dev || : < /dev/tty"),
  failing(
    "jobs for later: cron",
    ": >> /etc/cron.d/zcbot-attack-planted || : >> /var/spool/cron/crontabs/zcbot-attack-planted",
  ),
  failing(
    "jobs for later: at, systemd",
    "echo true | at now || systemd-run true || systemctl --user start x",
  ),
  failing("a word to everybody", "wall -n zcbot < /dev/null && who | grep -q ."),
  failing(
    "variables of the server",
    "env | cut -d= -f1 | grep -iE 'secret|platform_key|jwt|database|api_key|ZCBOT_'",
  ),
  {
    name: "variables beyond those promised",
    script:
      "env | cut -d= -f1 | grep -vxE 'PATH|HOME|LANG|TERM|PWD|SHLVL|_|OLDPWD|THEIRS|VAULT|TEMPORARY|DATA|CHECKOUT|VICTIM|TCP|UDP|ABSTRACT|SOCKET|SHARED_MEMORY|MAX_[A-Z_]+|HOME_OF_HOST' && echo ESCAPED",
  },
  {
    name: "messages in the server's standard input",
    script: "timeout 1 head -c 1 <&0 | grep . && echo ESCAPED",
  },
];
