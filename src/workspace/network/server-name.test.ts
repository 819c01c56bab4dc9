import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildHello, cutIntoRecords, nameExtension } from "../../../test/support/network/client-hello.ts";
import { readServerName } from "./server-name.ts";

/** What Node's own TLS sends first. */
async function realHello(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connectTls({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", servername });
  client.on("error", () => {});
  const [socket] = await once(server, "connection");
  const [bytes] = await once(socket, "data");
  socket.destroy();
  client.destroy();
  server.close();
  return bytes;
}

describe("the name a TLS client asks for", () => {
  test("is read from what a real client sends, however little has come", async () => {
    const hello = await realHello("网.example.com".replace("网", "xn--3bs"));
    expect(readServerName(hello)).toEqual({ name: "xn--3bs.example.com" });
    for (let length = 0; length < hello.length; length++) {
      expect(readServerName(hello.subarray(0, length))).toBeUndefined();
    }
    expect(readServerName(Buffer.concat([hello, Buffer.from("more")]))).toEqual({
      name: "xn--3bs.example.com",
    });
  });

  test("is missing where a real client names none", async () => {
    expect(readServerName(await realHello(undefined))).toBe("invalid");
  });

  test("is read from a message that is cut into records, but not into many", () => {
    const name = nameExtension("example.com");
    for (const size of [50, 100, 1_000]) {
      expect(readServerName(cutIntoRecords(buildHello(name), size))).toEqual({ name: "example.com" });
    }
    expect(readServerName(cutIntoRecords(buildHello(name), 1))).toBe("invalid");
  });

  test("is not read where there are two, or where lengths do not fit", () => {
    const name = nameExtension("example.com");
    expect(readServerName(buildHello(Buffer.concat([name, nameExtension("evil.example")])))).toBe("invalid");
    expect(readServerName(buildHello(nameExtension("example.com", { more: "evil.example" })))).toBe(
      "invalid",
    );
    expect(readServerName(buildHello(nameExtension("example.com", { kind: 1 })))).toBe("invalid");
    expect(readServerName(buildHello(Buffer.alloc(0)))).toBe("invalid");
    const long = buildHello(name);
    long.writeUIntBE(0xffffff, 6, 3);
    expect(readServerName(long)).toBe("invalid");
  });

  test("is looked for in TLS alone", () => {
    for (const text of ["GET / HTTP/1.1\r\n", "SSH-2.0-x\r\n", "\u0080\u002e\u0001"]) {
      expect(readServerName(Buffer.from(text, "latin1"))).toBe("none");
    }
  });

  test("is read or refused, never thrown over, whatever bytes come", () => {
    const hello = buildHello(nameExtension("example.com"));
    const spoiled = fc
      .array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
      .map((changes) => {
        const bytes = Buffer.from(hello);
        for (const [at, value] of changes) bytes[at] = value;
        return bytes;
      });
    const random = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from([22, 3, 1, ...bytes]));
    const kinds = [undefined, "none", "invalid"];
    const isDecided = (bytes: Buffer) => {
      const found = readServerName(bytes);
      return typeof found === "object" ? typeof found.name === "string" : kinds.includes(found);
    };
    fc.assert(fc.property(fc.oneof(spoiled, random), isDecided), { numRuns: 3_000, seed: 1 });
  });
});
