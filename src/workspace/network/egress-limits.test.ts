import { once } from "node:events";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { buildHello, nameExtension } from "../../../test/support/network/client-hello.ts";
import { startNameServer } from "../../../test/support/network/name-server.ts";
import { useSite, whenClosed } from "../../../test/support/network/use-site.ts";
import { startEgressProxy } from "./egress-proxy.ts";
import { createHostResolver } from "./resolve-host.ts";
import { openConnection } from "./route.ts";

const hello = buildHello(nameExtension("site.example"));

/** Holds on to whoever comes, without a word. */
const createSilent = () => createServer((socket) => void socket.on("error", () => {}));

describe("what is refused", () => {
  test("is told in a sentence, in the answer and beside its status, where some clients look", async () => {
    const { ask, openTunnel, entries } = await useSite(createSilent());
    const sentence = "evil.example is not on this server's list of allowed hosts (ZCBOT_NETWORK_ALLOW).";
    expect(await ask("http://evil.example/")).toMatchObject({
      status: 403,
      reason: sentence,
      body: `${sentence}\n`,
    });
    const { answer } = await openTunnel("evil.example:443");
    expect(answer.startsWith(`HTTP/1.1 403 ${sentence}\r\n`)).toBe(true);
    expect(answer.endsWith(`\r\n\r\n${sentence}\n`)).toBe(true);
    expect((await openTunnel("evil.example:80")).answer.startsWith("HTTP/1.1 403 ")).toBe(true);
    entries.pop();
    const refusal = { host: "evil.example", outcome: "refused", reason: sentence, bytesUp: 0, bytesDown: 0 };
    expect(entries).toEqual([
      { ...refusal, port: 80 },
      { ...refusal, port: 443 },
    ]);
  });

  test("is told apart: a port, an address, a name without one, a server that is not there", async () => {
    const addresses: Record<string, string[]> = {
      "site.example": ["93.184.216.34", "10.0.0.1"],
      "git.example": [],
    };
    const { ask } = await useSite(createSilent(), {
      resolve: async (name) => addresses[name] ?? ["93.184.216.34"],
      connect: () => connect({ port: 1, host: "127.0.0.1" }),
    });
    const bodies = [];
    for (const place of ["site.example:25", "site.example", "git.example:2222", "xn--fsqu00a.xn--fiqs8s"]) {
      bodies.push((await ask(`http://${place}/`)).body);
    }
    expect(bodies).toEqual([
      "Port 25 of site.example is not on this server's list of allowed hosts (ZCBOT_NETWORK_ALLOW).\n",
      "site.example leads to an address that is private, local or of this server's own network; those are never reached.\n",
      "git.example has no address: the name does not exist, or no name server answers.\n",
      "xn--fsqu00a.xn--fiqs8s does not answer on port 80.\n",
    ]);
  });
});

describe("what is noted", () => {
  test("never holds a path, a query, a header, a body, or what is no host", async () => {
    const { ask, openTunnel, path, entries } = await useSite(
      createHttpServer((_request, response) => void response.end()),
    );
    const headers = { Cookie: "canary", Authorization: "Bearer canary", "X-Canary": "canary" };
    for (const place of [
      "site.example/canary",
      "site.example/?q=canary",
      "canary@site.example/",
      "can ary/",
      "evil.example/canary",
    ]) {
      await ask(`http://${place.replace(" ", "%20")}`, {
        headers,
        method: "POST",
        body: Buffer.from("canary"),
      });
    }
    const plain = connect(path);
    plain.write("CONNECT canary@evil.example:443 HTTP/1.1\r\nHost: canary\r\n\r\n");
    await text(plain);
    const { socket } = await openTunnel("site.example:443");
    socket.write(buildHello(nameExtension("canary.example")));
    await whenClosed(socket);
    expect(entries).toHaveLength(7);
    expect(JSON.stringify(entries)).not.toMatch(/canary/i);
  });
});

describe("the limits", () => {
  test("so many connections at a time, then no more until one has ended", async () => {
    const { ask, openTunnel } = await useSite(
      createHttpServer((_request, response) => void response.end("ok")),
      {
        limits: { connections: 2 },
      },
    );
    const [first] = [await openTunnel("site.example:443"), await openTunnel("site.example:443")];
    const refusal = "More than 2 connections at a time are not allowed.";
    expect((await openTunnel("site.example:443")).answer).toContain(`503 ${refusal}`);
    expect(await ask("http://site.example/")).toMatchObject({ status: 503, body: `${refusal}\n` });
    first?.socket.destroy();
    await expect.poll(async () => (await ask("http://site.example/")).status).toBe(200);
  });

  test("requests that are sent at once on one connection count one by one", async () => {
    const site = createHttpServer(() => {});
    const { path, entries } = await useSite(site, { limits: { connections: 3 } });
    const socket = connect(path).on("error", () => {});
    socket.write("GET http://site.example/ HTTP/1.1\r\nHost: site.example\r\n\r\n".repeat(50));
    await expect.poll(() => entries.length).toBe(47);
    expect(new Set(entries.map(({ reason }) => reason))).toEqual(
      new Set(["More than 3 connections at a time are not allowed."]),
    );
    socket.destroy();
  });

  test("a tunnel in which nothing moves is closed", async () => {
    const { openTunnel } = await useSite(createSilent(), { limits: { idleMs: 50 } });
    const { socket } = await openTunnel("site.example:443");
    socket.write(hello);
    await whenClosed(socket);
  });

  test("two hundred heads that come drop by drop, or not at all, are cut off, and others served meanwhile", async () => {
    const { ask, path } = await useSite(
      createHttpServer((_request, response) => void response.end("ok")),
      {
        limits: { headMs: 1_000, connections: 200 },
      },
    );
    const slow = Array.from({ length: 200 }, () => connect(path).on("error", () => {}));
    const drops = setInterval(() => {
      for (const socket of slow.slice(100)) if (socket.writable) socket.write("G");
    }, 20);
    const ended = Promise.all(slow.map((socket) => whenClosed(socket)));
    expect((await ask("http://site.example/")).status).toBe(200);
    await ended;
    clearInterval(drops);
  });
});

describe("the end", () => {
  test("of the proxy ends tunnels, requests and searches for names, and takes the socket away", async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    const site = createSilent();
    const { openTunnel, path, close } = await useSite(site, {
      resolve: async (name, signal) => {
        if (name === "site.example") return ["93.184.216.34"];
        asked.resolve(signal);
        await once(signal, "abort");
        return ["93.184.216.34"];
      },
    });
    const { socket: tunnel } = await openTunnel("site.example:443");
    tunnel.write(hello);
    const searching = connect(path).on("error", () => {});
    searching.write("CONNECT git.example:2222 HTTP/1.1\r\nHost: x\r\n\r\n");
    const waiting = connect(path).on("error", () => {});
    waiting.write("GET http://site.example/ HTTP/1.1\r\nHost: x\r\n\r\n");
    await Promise.all([asked.promise, once(site, "connection")]);
    const ends = Promise.all([tunnel, searching, waiting].map((socket) => whenClosed(socket)));
    await close();
    await ends;
    expect(existsSync(path)).toBe(false);
  });

  test("of a client while its host's name is looked up leads to no connection", async () => {
    const looked = Promise.withResolvers<void>();
    const found = Promise.withResolvers<string[]>();
    let connections = 0;
    const site = createHttpServer((_request, response) => void response.end("ok")).on(
      "connection",
      () => connections++,
    );
    const { ask, path, entries } = await useSite(site, {
      resolve: (name) => {
        if (name === "git.example") looked.resolve();
        return name === "git.example" ? found.promise : Promise.resolve(["93.184.216.34"]);
      },
    });
    const socket = connect(path);
    socket.write("GET http://git.example:2222/ HTTP/1.1\r\nHost: x\r\n\r\n");
    await looked.promise;
    socket.destroy();
    await whenClosed(socket);
    // Whatever the proxy learns of that end, it has learned once it has answered another.
    await ask("http://site.example/");
    found.resolve(["93.184.216.34"]);
    await ask("http://site.example/");
    expect(connections).toBe(2);
    expect(entries.map(({ host }) => host)).toEqual(["site.example", "site.example"]);
  });
});

describe("the socket", () => {
  test("and its folder are for this account alone, and what a crash left there is replaced", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zcbot-egress-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const socketPath = join(folder, "私", "proxy");
    const start = () => startEgressProxy({ socketPath, allow: [], log: () => {} });
    await (await start()).close();
    writeFileSync(socketPath, "");
    const proxy = await start();
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(socketPath)).mode & 0o777).toBe(0o700);
    await proxy.close();
  });
});

describe("names and connections", () => {
  test("a name has all its addresses, also by way of another name; a missing one has none", async () => {
    const names = await startNameServer((name) => {
      if (name === "both.example")
        return { addresses: ["93.184.216.34", "2606:2800:220:1::1"], alias: "cdn.example" };
      return undefined;
    });
    onTestFinished(() => names.close());
    const resolve = createHostResolver([names.address]);
    const { signal } = new AbortController();
    expect(await resolve("both.example", signal)).toEqual(["93.184.216.34", "2606:2800:220:1::1"]);
    expect(await resolve("missing.example", signal)).toEqual([]);
    expect(await resolve("localhost", signal)).not.toContain("93.184.216.34");
  });

  test("a search for a name ends when it is told to", async () => {
    const names = await startNameServer(() => undefined);
    names.close();
    const ending = new AbortController();
    const found = createHostResolver([names.address])("slow.example", ending.signal);
    ending.abort();
    expect(await found).toEqual([]);
  });

  test("a connection goes to the addresses that were judged, whatever its name means by now, and to the next if one is dead", async () => {
    const site = createServer((socket) => void socket.end(socket.localAddress ?? "")).listen(0, "127.0.0.1");
    onTestFinished(() => void site.close());
    await once(site, "listening");
    const { port } = site.address() as AddressInfo;
    const policy = { allow: [], resolve: () => Promise.reject(new Error("asked again")), connect };
    const route = { host: "site.invalid", port, literal: false, spelledOut: false };
    const reach = async (...addresses: [string, ...string[]]): Promise<string> => {
      const socket: Socket = openConnection(policy, { ...route, addresses });
      return text(socket.on("end", () => socket.end()));
    };
    expect(await reach("127.0.0.1")).toBe("127.0.0.1");
    expect(await reach("::1", "127.0.0.1")).toBe("127.0.0.1");
  });
});
