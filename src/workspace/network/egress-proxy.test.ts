import { once } from "node:events";
import { createServer as createHttpServer, request as openRequest } from "node:http";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { buildHello, nameExtension } from "../../../test/support/network/client-hello.ts";
import { useSite, whenClosed } from "../../../test/support/network/use-site.ts";

describe("a request", () => {
  test("arrives with its method, path, headers and body, without what is the connection's or the proxy's", async () => {
    let seen: { line: string; headers: string[]; body: string } | undefined;
    const site = createHttpServer(async (request, response) => {
      seen = {
        line: `${request.method} ${request.url}`,
        headers: request.rawHeaders,
        body: await text(request),
      };
      response.setHeader("Set-Cookie", ["a=1", "b=2"]);
      response.setHeader("Connection", "close, X-Hop");
      response.setHeader("X-Hop", "1");
      response.writeHead(207).end("你好");
    });
    const { ask } = await useSite(site);
    const { status, headers, body } = await ask("http://site.example/路径?q=1".replace("路径", "%E8%B7%AF"), {
      method: "PUT",
      headers: {
        "Proxy-Authorization": "Basic canary",
        "Proxy-Connection": "keep-alive",
        Connection: "keep-alive, X-Mine",
        "X-Mine": "1",
        TE: "trailers",
        Upgrade: "websocket",
        Cookie: "c=3",
        Expect: "100-continue",
      },
      body: Buffer.from("正文"),
    });
    expect(status).toBe(207);
    expect(body).toBe("你好");
    expect(headers).toMatchObject({ "set-cookie": ["a=1", "b=2"] });
    expect(headers).not.toHaveProperty("x-hop");
    expect(seen?.line).toBe("PUT /%E8%B7%AF?q=1");
    expect(seen?.body).toBe("正文");
    const arrived = Object.fromEntries(
      (seen?.headers ?? []).map((text, at, all) => [text, all[at + 1]]).filter((_, at) => at % 2 === 0),
    );
    expect(arrived).toEqual({
      Host: "site.example",
      Cookie: "c=3",
      "Transfer-Encoding": "chunked",
      Connection: "close",
    });
  });

  test("of many megabytes passes both ways unchanged, and is counted", async () => {
    const size = 8 * 2 ** 20;
    const { ask, entries } = await useSite(
      createHttpServer((request, response) => void request.pipe(response)),
    );
    const { body } = await ask("http://site.example/", {
      method: "POST",
      body: Buffer.alloc(size, "0123456789abcdef"),
    });
    expect(body === "0123456789abcdef".repeat(size / 16)).toBe(true);
    const [entry] = entries;
    expect(entry).toMatchObject({ host: "site.example", port: 80, outcome: "passed" });
    expect(entry?.bytesUp).toBeGreaterThan(size);
    expect(entry?.bytesDown).toBeGreaterThan(size);
  });

  test("reaches a name in another script, by its punycode", async () => {
    const { ask } = await useSite(
      createHttpServer((request, response) => void response.end(request.headers.host)),
    );
    expect(await ask("http://xn--fsqu00a.xn--fiqs8s/")).toMatchObject({
      status: 200,
      body: "xn--fsqu00a.xn--fiqs8s",
    });
  });

  test.each([
    ["a status below 100", "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n"],
    ["a change of protocol", "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: evil\r\n\r\nbytes"],
    ["no head", "just a text\r\n\r\n"],
    ["nothing", ""],
    [
      "a length and chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
    ["a NUL in a header", "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"],
    ["a head without an end", `HTTP/1.1 200 OK\r\nX: ${"a".repeat(100_000)}`],
  ])("whose answer is %s is answered 502", async (_what, answer) => {
    const { ask } = await useSite(
      createServer((socket) => void socket.on("error", () => {}).once("data", () => socket.end(answer))),
    );
    expect(await ask("http://site.example/")).toMatchObject({
      status: 502,
      body: "site.example does not answer on port 80.\n",
    });
  });

  test("whose answer breaks off is broken off", async () => {
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    const { ask } = await useSite(
      createServer((socket) => void socket.on("error", () => {}).once("data", () => socket.end(head))),
    );
    await expect(ask("http://site.example/")).rejects.toThrow("aborted");
  });

  test("that its client gives up is given up", async () => {
    const site = createHttpServer((_request, response) => void response.write("begun"));
    const { path } = await useSite(site);
    const request = openRequest({ socketPath: path, path: "http://site.example/" }).on("error", () => {});
    request.end();
    const [[connection]] = await Promise.all([once(site, "connection"), once(request, "response")]);
    request.destroy();
    await whenClosed(connection);
  });
});

describe("a tunnel", () => {
  test("carries TLS to its name both ways, until either ends", async () => {
    const hello = buildHello(nameExtension("Site.example"));
    const { openTunnel, entries } = await useSite(createServer((socket) => void socket.pipe(socket)));
    const { socket, answer } = await openTunnel("site.example:443");
    expect(answer).toBe("HTTP/1.1 200 Connection established\r\n\r\n");
    socket.write(hello.subarray(0, 10));
    socket.end(hello.subarray(10));
    expect((await text(socket)) === hello.toString("utf8")).toBe(true);
    expect(entries).toEqual([
      { host: "site.example", port: 443, outcome: "passed", bytesUp: hello.length, bytesDown: hello.length },
    ]);
  });

  test("to another name than TLS asks for is ended with TLS's own word for it", async () => {
    const { openTunnel, entries } = await useSite(createServer((socket) => void socket.pipe(socket)));
    const { socket } = await openTunnel("site.example:443");
    socket.write(buildHello(nameExtension("evil.example")));
    const [alert] = await once(socket, "data");
    expect([...alert]).toEqual([21, 3, 3, 0, 2, 2, 112]);
    expect(entries).toMatchObject([
      { outcome: "refused", bytesUp: 0, reason: expect.stringContaining("is not TLS for site.example") },
    ]);
  });

  test("ends with a client that has nothing to say, or breaks off in its first message", async () => {
    const { path } = await useSite(createServer((socket) => void socket.on("error", () => {}).resume()));
    for (const said of [Buffer.alloc(0), buildHello(nameExtension("site.example")).subarray(0, 20)]) {
      const socket = connect(path);
      socket.end(Buffer.concat([Buffer.from("CONNECT site.example:443 HTTP/1.1\r\nHost: x\r\n\r\n"), said]));
      expect(await text(socket)).toBe("HTTP/1.1 200 Connection established\r\n\r\n");
    }
  });

  test("to port 443 carries TLS alone, though the list spells the port out", async () => {
    const allow = [{ kind: "exact", host: "site.example", port: 443 }] as const;
    const { openTunnel, entries } = await useSite(
      createServer((socket) => void socket.pipe(socket)),
      { allow },
    );
    const { socket } = await openTunnel("site.example:443");
    socket.write("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    await whenClosed(socket);
    expect(entries).toMatchObject([{ outcome: "refused", bytesUp: 0 }]);
  });

  test("to a port that the list spells out carries anything, the server's word first", async () => {
    const { path } = await useSite(createServer((socket) => void socket.end("SSH-2.0-先\r\n")));
    const socket = connect(path);
    socket.end("CONNECT git.example:2222 HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(await text(socket)).toBe("HTTP/1.1 200 Connection established\r\n\r\nSSH-2.0-先\r\n");
  });
});
