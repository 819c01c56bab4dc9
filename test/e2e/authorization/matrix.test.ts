import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, type EndpointName } from "../../../src/protocol/api.ts";
import { type Ids, make, malformedIds, missingIds } from "./belongings.ts";
import { badCredentials, bearer, cookie, renew } from "./credentials.ts";
import { closedEndpoints, endpoints, pathIds, plan } from "./plan.ts";
import { type Answer, expectNoChange, type Person, startWorld, type World } from "./world.ts";

// Every endpoint, with every credential, about everything: who may not, learns nothing and changes nothing.

let world: World;
let owner: Person;
let thief: Person;

beforeAll(async () => {
  world = await startWorld();
  owner = await world.createPerson();
  thief = await world.createPerson();
});
afterAll(() => world.close());

const naming = (...ids: (keyof Ids)[]) =>
  endpoints.filter((name) => ids.some((id) => pathIds(name).includes(id)));

/** What an endpoint is asked about: somebody's things, their second ones, what is not there, what is no id. */
function objectsOf(name: EndpointName, person: Person): Ids[] {
  const { about = "ended" } = plan[name];
  return [person.things[about], person.others[about], missingIds(), malformedIds];
}

test("the plan has each row of the contract, and opens what the contract opens", () => {
  expect(endpoints.toSorted()).toEqual(Object.keys(api).toSorted());
  for (const name of endpoints) {
    expect([name, plan[name].open ?? false]).toEqual([name, "open" in api[name]]);
    const needsThing = pathIds(name).length > 0;
    expect([name, needsThing && plan[name].about === undefined]).toEqual([name, false]);
  }
});

test.each(endpoints.filter((name) => plan[name].open))("%s needs no credential", async (name) => {
  const answer = await world.call(name, missingIds(), {});
  expect(answer.status).toBe(plan[name].status ?? api[name].status);
});

describe("who has no good credential is told only that, and changes nothing", () => {
  test.each(closedEndpoints)("%s", async (name) => {
    await expectNoChange(world, async () => {
      const told = new Set<string>();
      for (const [kind, spoil] of Object.entries(badCredentials)) {
        for (const ids of objectsOf(name, owner)) {
          const answer = await world.call(name, ids, spoil(owner.user.token, world.server.url));
          expect([kind, answer.status, answer.code]).toEqual([kind, 401, "unauthorized"]);
          expect(answer.headers["www-authenticate"]).toBe("Bearer");
          told.add(JSON.stringify({ kind, ...answer }));
        }
      }
      // One answer for each kind of credential, whatever it was asked about.
      expect(told.size).toBe(Object.keys(badCredentials).length);
    });
  });

  /** Expects that a token opens nothing of what its user had, nor of what is not there. */
  async function expectDead(token: string, things: Ids[]): Promise<void> {
    for (const headers of [bearer(token), cookie(token, world.server.url)]) {
      for (const name of closedEndpoints) {
        const answers: Answer[] = [];
        for (const ids of [missingIds(), ...things]) answers.push(await world.call(name, ids, headers));
        expect([name, answers[0]?.status, answers[0]?.code]).toEqual([name, 401, "unauthorized"]);
        for (const answer of answers) expect(answer).toEqual(answers[0]);
      }
    }
  }

  test("a user who is removed is a stranger, with a token that is still good", async () => {
    const user = await world.server.createUser();
    await world.removeUser(user.userId);
    // A token that was used is believed for some seconds.
    await expectNoChange(world, () => expectDead(renew(user.token), [owner.things.ended]));
  });

  test("a suspended user is a stranger at once, and the old token stays dead when that is lifted", async () => {
    const user = await world.server.createUser();
    await make(user, "busy");
    const ended = await make(user, "ended");
    await world.suspend(user.userId, true);
    await expectNoChange(world, () => expectDead(user.token, [ended]));
    await world.suspend(user.userId, false);
    await expectNoChange(world, () => expectDead(user.token, [ended]));
    const token = await world.signIn(user.userId);
    expect((await world.call("getTask", ended, bearer(token))).status).toBe(200);
  });
});

describe("a foreign page with the browser's cookie changes nothing, and reads nothing", () => {
  test.each(closedEndpoints)("%s", async (name) => {
    const { port } = new URL(world.server.url);
    const foreign = [
      "null",
      "https://evil.example",
      `${world.server.url}.evil.example`,
      `http://127.0.0.1:${Number(port) + 1}`,
      `http://127.0.0.1:${port}@evil.example`,
    ];
    // Where a page only opens an address, browsers name no origin.
    const origins = api[name].method === "GET" ? foreign : [undefined, "", ...foreign];
    await expectNoChange(world, async () => {
      for (const origin of origins) {
        for (const ids of objectsOf(name, owner)) {
          const answer = await world.call(name, ids, cookie(owner.user.token, origin));
          expect([origin, answer.status, answer.code]).toEqual([origin, 403, "invalid_origin"]);
        }
      }
    });
  });
});

describe("what is somebody else's looks like what is missing, and stays as it is", () => {
  const headersOf = ({ user }: Person) => [bearer(user.token), cookie(user.token, world.server.url)];

  async function expectAlike(name: EndpointName, headers: Record<string, string>, alike: Ids[]) {
    const answers: Answer[] = [];
    for (const ids of alike) answers.push(await world.call(name, ids, headers));
    expect(answers[0]?.status).toBe(404);
    expect(Object.keys(answers[0]?.headers ?? {})).not.toContain("set-cookie");
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  }

  test.each(naming("task_id"))("%s of a task", async (name) => {
    const { about = "ended" } = plan[name];
    const [foreign, own] = [owner.things[about], thief.things[about]];
    await expectNoChange(world, async () => {
      for (const headers of headersOf(thief)) {
        await expectAlike(name, headers, [
          missingIds(),
          foreign,
          { ...foreign, task_id: foreign.task_id.toUpperCase(), run_id: foreign.run_id.toUpperCase() },
          { ...foreign, task_id: foreign.task_id.replaceAll("-", "") },
          { ...missingIds(), task_id: foreign.task_id },
          { ...own, task_id: foreign.task_id },
          { ...foreign, task_id: missingIds().task_id },
          { ...own, task_id: missingIds().task_id },
        ]);
        const malformed = await world.call(name, { ...foreign, task_id: malformedIds.task_id }, headers);
        expect(malformed.status).toBe(404);
      }
    });
  });

  test.each(naming("run_id", "pending_id"))("%s under a task of one's own", async (name) => {
    const { about = "ended" } = plan[name];
    const own = thief.things[about];
    await expectNoChange(world, async () => {
      for (const headers of headersOf(thief)) {
        await expectAlike(name, headers, [
          { ...missingIds(), task_id: own.task_id },
          { ...owner.things[about], task_id: own.task_id },
          { ...thief.others[about], task_id: own.task_id },
          { ...malformedIds, task_id: own.task_id },
        ]);
      }
    });
  });

  const named = endpoints.filter((name) =>
    ["skill", "memory", "toolServer"].includes(plan[name].about ?? ""),
  );

  test.each(named.filter((name) => !plan[name].makes))("%s of a name", async (name) => {
    const foreign = owner.things[plan[name].about ?? "skill"];
    await expectNoChange(world, async () => {
      for (const headers of headersOf(thief)) await expectAlike(name, headers, [missingIds(), foreign]);
    });
  });

  test.each(named.filter((name) => plan[name].makes))("%s under the same name", async (name) => {
    const { about = "skill" } = plan[name];
    const foreign = owner.things[about];
    const read = async () => {
      const get = about === "skill" ? "getSkill" : about === "memory" ? "getMemory" : "listMcpServers";
      return (await world.call(get, foreign, bearer(owner.user.token))).body;
    };
    const before = await read();
    const user = await world.server.createUser();
    expect((await world.call(name, foreign, bearer(user.token))).status).toBe(200);
    expect(await read()).toBe(before);
  });

  test.each(endpoints.filter((name) => plan[name].about === "file"))("%s of a file", async (name) => {
    const { userId } = owner.user;
    const root = `${world.server.dataDir}/workspace/users`;
    const places = [
      (user: string, file: string) => `../${user}/${file}`,
      (user: string, file: string) => `机密目录/../../${user}/${file}`,
      (user: string, file: string) => `${root}/${user}/${file}`,
      (user: string, file: string) => `\\..\\${user}\\${file}`,
      (user: string, file: string) => `/proc/self/cwd/workspace/users/${user}/${file}`,
    ];
    await expectNoChange(world, async () => {
      for (const headers of headersOf(thief)) {
        for (const place of places) {
          const foreign = { ...missingIds(), path: place(userId, owner.things.file.path) };
          const missing = { ...missingIds(), path: place(missingIds().task_id, missingIds().path) };
          const answer = await world.call(name, foreign, headers);
          expect([foreign.path, answer.status, answer.code]).toEqual([foreign.path, 400, "invalid_path"]);
          expect(answer).toEqual(await world.call(name, missing, headers));
        }
      }
    });
  });
});

describe("the owner may, by token and by the page's cookie", () => {
  test.each(closedEndpoints)("%s", async (name) => {
    const user = await world.server.createUser();
    for (const headers of [bearer(user.token), cookie(user.token, world.server.url)]) {
      const ids = await make(user, plan[name].about);
      const answer = await world.call(name, ids, headers);
      expect([answer.status, answer.body]).toEqual([plan[name].status ?? api[name].status, answer.body]);
      expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
    }
  });
});
