import { type ChildProcess, spawn } from "node:child_process";
import { uptime } from "node:os";
import { commandPath } from "../sandbox/sandbox.ts";
import { markName, serverMark } from "./mark.ts";

/**
 * Kills this server's commands when its lease has run out while the server itself cannot: when it hangs, or was
 * stopped and will wake up as if nothing had happened. Without pid namespaces (`Containment`) what has left a
 * command is found by its mark, as far as it carries that. It stands outside the server as a small shell script that
 * is told each new deadline, and goes on killing what is started until there is one that lies ahead.
 */
export interface Watchdog {
  /** The lease holds until this many milliseconds from now. */
  extend(milliseconds: number): void;
  stop(): void;
}

// Deadlines are hundredths of a second of the machine's uptime: one clock for both, that no freeze stops and nobody
// sets. The end of the input is the server's end; then its commands die by themselves.
const script = `
server=$1 mark=$2 deadline=
while :; do
  wait=3600
  if [ -n "$deadline" ]; then
    read -r now _ < /proc/uptime; now=\${now/./}
    left=$((deadline - now))
    if [ $left -gt 0 ]; then wait=$((left / 100)).$(printf %02d $((left % 100)))
    else
      wait=0.1
      for stat in /proc/[0-9]*/stat; do
        { read -r line < $stat; } 2>/dev/null || continue
        child=\${line%% *} rest=\${line##*) }; set -- $rest
        [ "$2" = "$server" ] && [ "$child" != $$ ] && kill -KILL -- "-$child" "$child"
      done 2>/dev/null
      for environ in $(grep -lzs "^${markName}=$mark\\." /proc/[0-9]*/environ); do
        child=\${environ#/proc/}; kill -KILL "\${child%/environ}" 2>/dev/null
      done
    fi
  fi
  if read -r -t $wait line; then deadline=$line
  elif [ $? -le 128 ]; then exit 0
  fi
done`;

/** Starts the watchdog of this process; it does nothing before its first deadline. Linux only: elsewhere it is idle. */
export function startWatchdog(): Watchdog {
  if (process.platform !== "linux") return { extend() {}, stop() {} };
  let child: ChildProcess | undefined;
  let stopped = false;
  const start = () => {
    child = spawn("bash", ["-c", script, "zcbot-watchdog", String(process.pid), serverMark], {
      cwd: "/",
      env: { PATH: commandPath },
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    child.stdin?.on("error", () => {});
    child.on("error", () => {});
    child.on("exit", () => {
      if (!stopped) child = undefined;
    });
    child.unref();
  };
  start();
  return {
    extend(milliseconds) {
      if (!child && !stopped) start();
      child?.stdin?.write(`${Math.round(uptime() * 100 + milliseconds / 10)}\n`);
    },
    stop() {
      stopped = true;
      child?.stdin?.end();
    },
  };
}
