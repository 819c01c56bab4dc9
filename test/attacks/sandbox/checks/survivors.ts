import type { Check } from "../check.ts";

/** In the command line of what should not outlive its command. */
export const survivorMark = `zcbot-survivor-${process.pid}-`;

const stay = `exec -a ${survivorMark} sleep 60`;

/** Ways to stay when the command is over. Whether anything did is looked at from outside. */
const ways: [name: string, script: string][] = [
  ["in the background", `(${stay}) &`],
  ["in a session of its own", `setsid bash -c '${stay}' > /dev/null 2>&1 &`],
  ["without a hangup", `nohup bash -c '${stay}' > /dev/null 2>&1 &`],
  ["forked twice", `(setsid bash -c '(${stay}) < /dev/null > /dev/null 2>&1 &' &)`],
  [
    "as a daemon",
    `perl -MPOSIX -e 'fork and exit; POSIX::setsid(); fork and exit; chdir "/"; close $_ for 0 .. 9; $0 = "${survivorMark}"; exec { "sleep" } "${survivorMark}", 60'`,
  ],
  ["deaf to signals", `bash -c 'trap "" TERM INT HUP QUIT USR1 USR2; ${stay}' > /dev/null 2>&1 &`],
  ["stopped", `bash -c 'kill -STOP $BASHPID & ${stay}' > /dev/null 2>&1 &`],
  [
    "under one that adopts",
    `perl -e 'syscall(157, 36, 1); fork or exec { "sleep" } "${survivorMark}", 60; $0 = "${survivorMark}"; sleep 60' > /dev/null 2>&1 &`,
  ],
  [
    "with its parent's death unheeded",
    `perl -e 'syscall(157, 1, 0); exec { "sleep" } "${survivorMark}", 60' > /dev/null 2>&1 &`,
  ],
  [
    "with an empty environment",
    `env -i setsid sleep 60 ${survivorMark} 2> /dev/null & env -i bash -c 'exec -a ${survivorMark} sleep 60' > /dev/null 2>&1 &`,
  ],
  [
    "waiting in the kernel",
    `perl -e 'if (syscall(58) == 0) { exec { "sleep" } "${survivorMark}", 60 }' > /dev/null 2>&1 &`,
  ],
  ["holding its output open", `(${stay}) 2>&1 &`],
  ["many at once", `for i in $(seq 1 30); do setsid bash -c '${stay}' > /dev/null 2>&1 & done`],
  [
    "that begin each other anew",
    `keep() { while :; do bash -c 'exec -a ${survivorMark} sleep 0.05' > /dev/null 2>&1; done; }; keep & keep & disown -a`,
  ],
];

export const survivorChecks: Check[] = ways.flatMap(([name, script]) => [
  { name: `a process that stays ${name}`, script: `${script}\nsleep 0.1; echo over` },
  // The shell itself does not end: the whole command is ended by force.
  {
    name: `a process that stays ${name}, its command being ended`,
    script: `${script}\ntrap "" TERM; sleep 60`,
    timeoutMs: 400,
  },
]);
