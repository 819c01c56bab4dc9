import { describe, expect, test } from "vitest";
import { type AllowedHost, findInList, parseAllowedHost, parseDestination } from "./host-pattern.ts";

function allow(...entries: string[]): AllowedHost[] {
  return entries.map((entry) => {
    const host = parseAllowedHost(entry);
    if ("problem" in host) throw new Error(`${entry} ${host.problem}`);
    return host;
  });
}

function ask(list: AllowedHost[], destination: string): string {
  const parsed = parseDestination(destination);
  return parsed ? findInList(list, parsed) : "unreadable";
}

describe("the list of allowed hosts", () => {
  test("a name stands for itself, in any case and with a dot at its end, on ports 80 and 443", () => {
    const list = allow("Example.COM.");
    expect(ask(list, "example.com:443")).toBe("allowed");
    expect(ask(list, "EXAMPLE.com.:80")).toBe("allowed");
    expect(ask(list, "example.com:22")).toBe("port");
    expect(ask(list, "www.example.com:443")).toBe("unlisted");
  });

  test("a star at the front stands for what is below a name, not for the name or for what ends like it", () => {
    const list = allow("*.example.com");
    expect(ask(list, "a.example.com:443")).toBe("allowed");
    expect(ask(list, "a.b.example.com:443")).toBe("allowed");
    for (const host of ["example.com", "evil-example.com", "example.com.evil.org", "example.com.cn"]) {
      expect(ask(list, `${host}:443`)).toBe("unlisted");
    }
  });

  test("a star alone stands for every host, on ports 80 and 443", () => {
    const list = allow("*");
    expect(ask(list, "a.example:443")).toBe("allowed");
    expect(ask(list, "8.8.8.8:80")).toBe("allowed");
    expect(ask(list, "[2606:4700::1111]:443")).toBe("allowed");
    expect(ask(list, "a.example:25")).toBe("port");
  });

  test("a port that is spelled out is the only one", () => {
    const list = allow("git.example.com:22", "*:8443");
    expect(ask(list, "git.example.com:22")).toBe("named");
    expect(ask(list, "git.example.com:443")).toBe("port");
    expect(ask(list, "other.example.com:8443")).toBe("named");
    expect(ask(list, "other.example.com:22")).toBe("port");
  });

  test("an address is allowed only as itself, in whichever spelling", () => {
    const list = allow("8.8.8.8", "[2606:4700::1111]:8443", "*.8.8.8.example");
    expect(ask(list, "8.8.8.8:443")).toBe("allowed");
    expect(ask(list, "[2606:4700:0:0:0:0:0:1111]:8443")).toBe("named");
    expect(ask(list, "8.8.4.4:443")).toBe("unlisted");
  });

  test("a name in another script is allowed by its punycode, which look-alikes do not share", () => {
    const list = allow("例子.中国", "*.bücher.example");
    expect(ask(list, "xn--fsqu00a.xn--fiqs8s:443")).toBe("allowed");
    expect(ask(list, "www.xn--bcher-kva.example:443")).toBe("allowed");
    // раypal with Cyrillic letters.
    expect(ask(allow("paypal.com"), "xn--pypal-4ve.com:443")).toBe("unlisted");
  });

  test.each([
    ["https://packages.example.org", "without scheme"],
    ["packages.example.org/simple", "without scheme"],
    ["me@packages.example.org", "without scheme"],
    ["packages.example.org:0", "port"],
    ["packages.example.org:65536", "port"],
    ["packages.example.org:https", "port"],
    ["packages.example.org:", "port"],
    ["*packages.example.org", "star"],
    ["a.*.packages.example.org", "star"],
    ["*.*.org", "star"],
    ["**", "star"],
    ["*.8.8.8.8", "address"],
    ["localhost", "local name"],
    ["内部", "local name"],
    ["127.0.0.1", "public address"],
    ["10.1.2.3:8080", "public address"],
    ["[::1]", "public address"],
    ["[::ffff:8.8.8.8]", "public address"],
    ["１２７.０.０.１", "public address"],
    ["2606:4700::1111", "port"],
    ["127.1", "no name"],
    ["0x7f000001", "no name"],
    ["a..example.com", "no name"],
    [".example.com", "no name"],
    ["*.", "no name"],
    ["a_b.example.com", "no name"],
    ["-a.example.com", "no name"],
    ["a%2eexample.com", "no name"],
    ["packages.example.org\u0000", "no name"],
    ["py pi.org", "no name"],
    [`${"a".repeat(64)}.example.com`, "no name"],
    [`${"a.".repeat(127)}example`, "no name"],
    ["", "no name"],
  ])("%j is no entry of the list, and is told why", (entry, reason) => {
    expect(parseAllowedHost(entry)).toEqual({ problem: expect.stringContaining(reason) });
  });
});
