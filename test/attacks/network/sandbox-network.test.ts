import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EgressEntry } from "../../../src/workspace/network/egress-proxy.ts";
import { type AllowedHost, parseAllowedHost } from "../../../src/workspace/network/host-pattern.ts";
import { runCommand } from "../../../src/workspace/run-command.ts";
import type { Command, Sandbox } from "../../../src/workspace/sandbox/sandbox.ts";
import { whenClosed } from "../../support/network/use-site.ts";
import { openTestSandbox } from "../../support/sandbox.ts";

// The network as a sandboxed command has it. bash speaks TCP by itself, so that nothing needs to be installed inside.

let sandbox: Sandbox | null;
let directory: string;
const entries: (EgressEntry & { directory: string })[] = [];
const servers: Server[] = [];
/** Never says a word. */
const slow = createServer((socket) => void socket.on("error", () => {}));
let inside = 0;
let insidePort = 0;

async function listen(server: Server): Promise<number> {
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "zcbot-网络-"));
  const site = await listen(
    createHttpServer((request, response) => void response.end(`欢迎 ${request.url}`)),
  );
  const slowPort = await listen(slow);
  insidePort = await listen(createServer((socket) => void socket.destroy()).on("connection", () => inside++));
  sandbox = await openTestSandbox("strict", {
    network: {
      allow: ["site.example", "slow.example", "private.example"].map(
        (entry) => parseAllowedHost(entry) as AllowedHost,
      ),
      log: (entry, cwd) => entries.push({ ...entry, directory: cwd }),
      resolve: async (name) => [name === "private.example" ? "127.0.0.1" : "93.184.216.34"],
      connect: ({ host }) => connect({ port: host === "slow.example" ? slowPort : site, host: "127.0.0.1" }),
    },
  });
});

afterAll(async () => {
  await sandbox?.close();
  for (const server of servers) server.close();
  await rm(directory, { recursive: true });
});

/** Runs a line of bash that can `speak <host> <port> <text>` and `ask <url>`. */
async function run(line: string, more: Partial<Command> = {}): Promise<string> {
  if (!sandbox) throw new Error("no sandbox");
  const helpers = `
    speak() { exec 3<> "/dev/tcp/$1/$2" && printf "%b" "$3" >&3 && cat <&3; }
    ask() { speak 127.0.0.1 3128 "GET $1 HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n"; }
  `;
  const { output } = await runCommand(sandbox, {
    argv: ["bash", "-c", `${helpers}\n${line}`],
    cwd: directory,
    timeoutMs: 20_000,
    maxOutputBytes: 10_000,
    signal: new AbortController().signal,
    network: true,
    ...more,
  });
  return output;
}

describe("a command with a network", () => {
  test("reaches an allowed host, whose answer and whose trace in the log are complete", async ({ skip }) => {
    if (!sandbox) skip("this machine has no strict sandbox");
    entries.length = 0;
    expect(await run("ask http://site.example/%E8%B7%AF")).toMatch(
      /^HTTP\/1.1 200 OK[\s\S]*欢迎 \/%E8%B7%AF/,
    );
    expect(entries).toMatchObject([{ host: "site.example", port: 80, outcome: "passed", directory }]);
    expect(JSON.stringify(entries)).not.toContain("%E8");
  });

  test("is told why it does not reach another, or one that is private", async ({ skip }) => {
    if (!sandbox) skip("this machine has no strict sandbox");
    const output = await run(
      "ask http://evil.example/; ask http://private.example/; ask http://169.254.169.254/",
    );
    expect(output).toContain("evil.example is not on this server's list");
    expect(output).toContain("private.example leads to an address that is private");
    expect(output).toContain("169.254.169.254 is not on this server's list");
  });

  test("has no other way: not to this machine, not to the internet, not to name servers", async ({
    skip,
  }) => {
    if (!sandbox) skip("this machine has no strict sandbox");
    const ways = [
      `speak 127.0.0.1 ${insidePort} x`,
      `speak localhost ${insidePort} x`,
      "speak 93.184.216.34 80 x",
      "speak 1.1.1.1 53 x",
      "exec 3<> /dev/udp/1.1.1.1/53 && printf x >&3",
    ];
    for (const way of ways) {
      expect(await run(`${way} && echo reached`)).not.toMatch(/^reached/m);
    }
    expect(await run(`ask http://127.0.0.1:${insidePort}/`)).toContain("HTTP/1.1 403");
    expect(inside).toBe(0);
  });

  test("knows its proxy by the environment, and finds none of the server's secrets beside it", async ({
    skip,
  }) => {
    if (!sandbox) skip("this machine has no strict sandbox");
    const output = await run(
      "env; ls -A /run/zcbot; cat /proc/1/environ /proc/*/environ | tr '\\\\0' '\\\\n'",
    );
    expect(output).toContain("https_proxy=http://127.0.0.1:3128");
    expect(output).toContain("no_proxy=localhost,127.0.0.1,::1");
    expect(output).not.toMatch(/zcbot-sandbox|DATABASE|VITEST|SECRET/);
  });

  test("leaves nothing: the bridge, the proxy and what it held end with it, however it ends", async ({
    skip,
  }) => {
    if (!sandbox) skip("this machine has no strict sandbox");
    for (const end of ["abort", "exit"]) {
      const came = once(slow, "connection");
      const ending = new AbortController();
      const command = "ask http://slow.example/ & until [ -e 结束 ]; do sleep 0.01; done";
      const ended = run(command, { signal: ending.signal });
      const [connection] = (await came) as [Socket];
      const closed = whenClosed(connection);
      if (end === "abort") ending.abort();
      else await writeFile(join(directory, "结束"), "");
      await Promise.all([ended, closed]);
    }
  });

  test("shares neither its proxy nor its ports with another that runs at the same time", async ({ skip }) => {
    if (!sandbox) skip("this machine has no strict sandbox");
    const answers = await Promise.all(["a", "b", "c"].map((name) => run(`ask http://site.example/${name}`)));
    expect(answers.map((answer) => /欢迎 \/(.)/.exec(answer)?.[1])).toEqual(["a", "b", "c"]);
  });
});

test("a command without a network has no proxy", async ({ skip }) => {
  if (!sandbox) skip("this machine has no strict sandbox");
  const output = await run("env; ask http://site.example/", { network: false });
  expect(output).not.toMatch(/3128$|_proxy/im);
  expect(output).toContain("Connection refused");
});
