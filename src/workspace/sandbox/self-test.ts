import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../run-command.ts";
import type { Sandbox } from "./sandbox.ts";

/** Generous: a machine that is busy at the start shall not be taken for one without a sandbox. */
const timeoutMs = 60_000;

// Each failure is a line; what a sandbox of any level promises must hold in every one of them.
const script = `
for hidden in "$@"; do
  [ ! -f "$hidden" ] && [ -z "$(ls -A "$hidden/" 2> /dev/null)" ] || echo "a command can see what is secret"
done
[ "$(cat given)" = 给 ] && echo made > made || echo "a command cannot work in its directory"
{ : > /beside || : > /usr/beside || : > /etc/beside; } 2> /dev/null && echo "a command can write outside its directory"
[ -w /proc/sys/kernel/core_pattern ] && echo "a command can change settings of the system"
{ echo > /dev/null; } 2> /dev/null || echo "a command has no /dev/null"
chmod 666 /dev/null 2> /dev/null && echo "a command can change devices of the system"
[ "$(id -u)" = 0 ] && echo "a command is root"
while read -r name value; do
  case $name$value in
    CapEff:0000000000000000|NoNewPrivs:1|Seccomp:$FILTERED) found=$found+ ;;
  esac
done < /proc/self/status
[ "$found" = +++ ] || echo "a command keeps rights of root, or has no filter of system calls"
unshare --user true 2> /dev/null && echo "a command can make namespaces"
[ $(($(wc -l < /proc/net/dev) - 2)) -le 1 ] || echo "a command has a network"
[ $$ -lt 50 ] || echo "a command sees processes of others"
[ -z "$ZCBOT_SECRET" ] || echo "a command has the server's environment"
`;

/** Tries a sandbox out in `folder`, its own; `hidden`: what no command may see. Gives what fails, in words. */
export async function testSandbox(
  sandbox: Sandbox,
  folder: string,
  hidden: readonly string[],
): Promise<string[]> {
  const directory = join(folder, "self-test");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "given"), "给");
  const filtered = sandbox.lacks.some((lack) => lack.includes("filter")) ? "0" : "2";
  try {
    const result = await runCommand(sandbox, {
      argv: ["sh", "-c", script, "sh", ...hidden],
      cwd: directory,
      env: { FILTERED: filtered },
      timeoutMs,
      maxOutputBytes: 4_096,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const failures = result.output.trim().split("\n").filter(Boolean);
    if (result.killedBy !== null) failures.push("a command does not end");
    return failures;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return [`no command can be started: ${cause instanceof Error ? cause.message.trim() : String(cause)}`];
  }
}
