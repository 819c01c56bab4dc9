/** How the command behind a wrapper is found. */
interface Wrapper {
  /** Options that a value follows as a word of its own. */
  valued?: RegExp;
  /** Operands between the options and the command. */
  operands?: number;
  /** It starts the command as it is, by the same rights: rules need not know it. */
  transparent?: boolean;
}

const plain: Wrapper = {};

/** Programs that start another one, which their own arguments name. */
const wrappers: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  ["time", { transparent: true, valued: /^(?:-f|-o|--format|--output)$/ }],
  ["nohup", { transparent: true }],
  ["nice", { transparent: true, valued: /^(?:-n|--adjustment)$/ }],
  ["timeout", { transparent: true, valued: /^(?:-k|-s|--kill-after|--signal)$/, operands: 1 }],
  ["stdbuf", { transparent: true, valued: /^(?:-[ioe]|--input|--output|--error)$/ }],
  ["setsid", { transparent: true }],
  ["command", { transparent: true }],
  ["sudo", { valued: /^-[ugpCDhRrTtU]$/ }],
  ["doas", { valued: /^-[uC]$/ }],
  ["env", { valued: /^(?:-[uCS]|--unset|--chdir|--split-string)$/ }],
  ["xargs", { valued: /^-[aEILnPsd]$/ }],
  ["exec", { valued: /^-a$/ }],
  ["builtin", plain],
  ["ionice", { valued: /^-[cnpPu]$/ }],
  ["chrt", { operands: 1 }],
  ["taskset", { operands: 1 }],
  ["flock", { operands: 1, valued: /^-[wEc]$/ }],
  ["chroot", { operands: 1 }],
  ["ssh", { operands: 1, valued: /^-[bcDEeFIiJLlmOopQRSWw]$/ }],
  ["faketime", { operands: 1 }],
  ["find", { operands: Number.POSITIVE_INFINITY }],
  ["fd", { operands: Number.POSITIVE_INFINITY }],
  ...(
    "busybox toybox unshare nsenter setpriv capsh prlimit choom strace ltrace gdb perf valgrind watch parallel su runuser " +
    "script firejail bwrap systemd-run unbuffer rlwrap entr proxychains proxychains4 torsocks tmux screen at batch " +
    "dbus-run-session xvfb-run start-stop-daemon numactl cpulimit pkexec sg newgrp coproc fakeroot eatmydata catchsegv " +
    "npx bunx uvx"
  )
    .split(" ")
    .map((name): [string, Wrapper] => [name, plain]),
]);

/** Those of them that take a command as one text too, for a shell or to be cut into words. */
const codeTakers: ReadonlySet<string> = new Set(
  "env su runuser script flock watch parallel ssh sg tmux screen entr xvfb-run gdb capsh".split(" "),
);

/** Whether the program starts another one. */
export function isWrapper(name: string): boolean {
  return wrappers.has(baseOf(name));
}

/** Whether a word behind the program may be a script. */
export function takesCode(name: string): boolean {
  return codeTakers.has(baseOf(name));
}

/**
 * Where in the words the command stands that a wrapper, or a wrapper in a wrapper, starts, as far as its usual form
 * tells; undefined where there is none.
 */
export function findWrapped(words: string[]): { at: number; isTransparent: boolean } | undefined {
  let at = 0;
  let isTransparent = true;
  for (;;) {
    const wrapper = wrappers.get(baseOf(words[at] ?? ""));
    const next = wrapper && skipToCommand(words, at + 1, wrapper);
    if (next === undefined) return at === 0 ? undefined : { at, isTransparent };
    isTransparent = isTransparent && wrapper?.transparent === true;
    at = next;
  }
}

function skipToCommand(
  words: string[],
  start: number,
  { valued, operands = 0 }: Wrapper,
): number | undefined {
  let skipped = 0;
  for (let index = start; index < words.length; index += 1) {
    const word = words[index] ?? "";
    // These only ask where a command is.
    if (words[start - 1] === "command" && /^-[vV]/.test(word)) return undefined;
    if (word === "--") return index + 1 + operands < words.length ? index + 1 + operands : undefined;
    if (word.startsWith("-")) {
      if (valued?.test(word)) index += 1;
    } else if (/^[A-Za-z_][A-Za-z0-9_]*=/.test(word)) {
    } else if (skipped === operands) return index;
    else skipped += 1;
  }
  return undefined;
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
