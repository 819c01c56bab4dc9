import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildHello, nameExtension } from "../../support/network/client-hello.ts";
import { buildStreet, type Street } from "../../support/network/street.ts";
import { type Attack, connectTo, doors, get, throughAllDoors } from "./attack.ts";
import { parserAttacks } from "./parsers.ts";
import { redirectStatuses, redirectTargets } from "./redirects.ts";
import { smuggling } from "./smuggling.ts";
import { spellings } from "./spellings.ts";
import { closedNames, findName } from "./world.ts";

// A hostile command in the sandbox says what it likes to the proxy; nothing of it may reach a place that is not a
// public, allowed host. What stands inside is real servers on loopback, which write down whatever reaches them.

const resolving: Attack[] = throughAllDoors("any", closedNames);
const redirects = redirectStatuses.flatMap((status) =>
  redirectTargets.map((target) => `http://open.example/to/${status}/${encodeURIComponent(target)}`),
);
const attacks = [...spellings, ...resolving, ...parserAttacks];
const count = attacks.length + redirects.length + smuggling.length;

let any: Street;
let few: Street;

beforeAll(async () => {
  any = await buildStreet({ allow: ["*"], find: findName });
  few = await buildStreet({
    allow: ["allowed.example", "*.below.example", "allowed.example:2222"],
    find: findName,
  });
});

afterAll(() => Promise.all([any.close(), few.close()]));

beforeEach(() => {
  for (const street of [any, few]) {
    for (const list of [street.inside, street.site, street.entries]) list.length = 0;
  }
});

/** Tries each, and tells of those after which anything was reached, or counted as passed. */
async function findReached(tried: readonly Attack[]): Promise<string[]> {
  const reached: string[] = [];
  for (const { what, list, parts } of tried) {
    const street = list === "any" ? any : few;
    street.entries.length = 0;
    const answer = await street.say(...parts);
    const passed = street.entries.some(({ outcome }) => outcome === "passed");
    const touched = [...street.inside.splice(0), ...street.site.splice(0)];
    if (passed || touched.length > 0 || /secret|welcome/.test(answer)) {
      reached.push(`${what}: ${touched} ${answer}`);
    }
  }
  return reached;
}

/** Does what an obedient client does: follows where it is led, up to five times. Gives the last answer. */
async function follow(start: string): Promise<string> {
  let answer = "";
  let url = start;
  for (let hops = 0; hops < 5; hops++) {
    const { protocol, host, hostname } = new URL(url);
    answer =
      protocol === "https:"
        ? await any.say(connectTo(`${hostname}:443`), buildHello(nameExtension(hostname)))
        : await any.say(get(url, host));
    const location = /^location: (.*)$/im.exec(answer)?.[1]?.trim();
    if (location === undefined) return answer;
    url = new URL(location, url).href;
  }
  return answer;
}

describe(`${count} ways to what must not be reached`, () => {
  test("each door leads to a public host, and to an allowed one", async () => {
    const tell = async (street: Street, host: string) => {
      const answers = [];
      for (const { ask } of doors) answers.push(await street.say(...ask(host)));
      return answers.map((answer) => answer.endsWith("welcome"));
    };
    for (const host of ["open.example", "OPEN.example.", "93.184.216.34"]) {
      expect(await tell(any, host)).toEqual([true, true, true]);
    }
    for (const host of ["allowed.example", "a.below.example", "ALLOWED.example."]) {
      expect(await tell(few, host)).toEqual([true, true, true]);
    }
    expect(any.site.length + few.site.length).toBe(18);
    expect([...any.inside, ...few.inside]).toEqual([]);
  });

  test(`${spellings.length} spellings of hosts and ports lead nowhere`, async () => {
    expect(await findReached(spellings)).toEqual([]);
  });

  test(`${resolving.length} names with a closed address, alone or beside a public one, lead nowhere`, async () => {
    expect(await findReached(resolving)).toEqual([]);
    // They were told apart by their addresses, not by a name server that failed.
    expect(any.names.asked).toContain(`${closedNames.at(-1)} 28`);
  });

  test(`${parserAttacks.length} splits between parsers, look-alikes and misused tunnels lead nowhere`, async () => {
    expect(await findReached(parserAttacks)).toEqual([]);
  });

  test(`${redirects.length} redirects inwards lead nowhere, and one outwards leads there`, async () => {
    const reached: string[] = [];
    for (const start of redirects) {
      const answer = await follow(start);
      if (/secret|welcome/.test(answer) || any.inside.length > 0) reached.push(`${start}: ${answer}`);
    }
    expect(reached).toEqual([]);
    expect(any.site).toHaveLength(redirects.length + redirectStatuses.length);
    for (const status of redirectStatuses) {
      expect(await follow(`http://open.example/to/${status}/%2Fhome`)).toMatch(/welcome$/);
    }
  });

  test(`${smuggling.length} requests of doubtful length or form carry no second one`, async () => {
    const reached: string[] = [];
    for (const { what, parts, requests } of smuggling) {
      const answer = await any.say(...parts);
      const site = any.site.splice(0);
      const strays = site.filter((request) => !/^[A-Z]+ open\.example \/(form)?$/.test(request));
      if (any.inside.splice(0).length > 0 || strays.length > 0 || site.length > requests) {
        reached.push(`${what}: ${site} ${answer}`);
      }
    }
    expect(reached).toEqual([]);
  });

  test("what a request says of its host beside its address is not believed", async () => {
    const hosts = [
      "internal.example",
      "127.0.0.1",
      "localhost:80",
      "",
      "evil.example\r\nX-Forwarded-Host: a",
      "a b",
    ];
    for (const host of hosts) await any.say(get("http://open.example/", host));
    expect(new Set(any.site)).toEqual(new Set(["GET open.example /"]));
    expect(any.inside).toEqual([]);
  });

  test("a name that changes after it was judged is not asked for again, and is judged anew by the next request", async () => {
    for (const { name, ask } of doors) {
      const host = `rebind-${name.replace(" ", "-")}.example`;
      expect(await any.say(...ask(host))).toMatch(/welcome$/);
      expect(any.names.asked.filter((each) => each.startsWith(host))).toHaveLength(2);
      expect(await any.say(...ask(host))).not.toMatch(/welcome|secret/);
    }
    expect(any.inside).toEqual([]);
  });
});
