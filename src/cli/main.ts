#!/usr/bin/env node
import { spawn } from "node:child_process";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// The launcher. It must be understood by a Node as old as 18, and so imports nothing of the rest before it
// knows that this one is new enough.

/** How this file under the right Node knows that it was started by itself under a wrong one. */
const relaunchedName = "zcbot";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 18)) await start();
else runUnderBundledNode();

async function start(): Promise<void> {
  module.enableCompileCache?.();
  if (isRelaunched()) dieWithLauncher();
  outliveReaders();
  const { runProgram } = await import("./program.ts");
  process.exitCode = await runProgram(process.argv.slice(2));
}

function isRelaunched(): boolean {
  return process.argv0 === relaunchedName && process.channel !== undefined;
}

/** `zcbot ... | head`: whoever has read enough is no fault. */
function outliveReaders(): void {
  for (const output of [process.stdout, process.stderr]) {
    output.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

/** Whoever kills the launcher means this process. */
function dieWithLauncher(): void {
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel?.unref();
}

/** Stands between the caller and the same program under the Node that the package brings along. */
function runUnderBundledNode(): void {
  const node = findBundledNode();
  if (node === undefined) {
    explain();
    return;
  }
  const file = fileURLToPath(import.meta.url);
  const child = spawn(node, [...process.execArgv, file, ...process.argv.slice(2)], {
    argv0: relaunchedName,
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  // A terminal sends Ctrl-C to both processes; sent on, it would come twice, and twice means "at once".
  const inTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on("SIGINT", () => inTerminal || child.kill("SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));
  child.on("error", explain);
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function findBundledNode(): string | undefined {
  const require = module.createRequire(import.meta.url);
  try {
    return join(dirname(require.resolve(`node-linux-${process.arch}/package.json`)), "bin", "node");
  } catch {
    return undefined;
  }
}

function explain(): void {
  process.stderr.write(
    `zcbot needs Node 22.18 or newer; this is ${process.version}. Install one from https://nodejs.org, ` +
      "or on Linux let `npm ci` bring it along (without --omit=optional).\n",
  );
  process.exitCode = 2;
}
