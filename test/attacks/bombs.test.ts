import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { contentBombs, documentBombs } from "./bombs/contents.ts";
import { multipartBombs } from "./bombs/multipart.ts";
import { placeBombs } from "./bombs/places.ts";
import { requestBombs } from "./bombs/requests.ts";
import { exportBombs, toolBombs } from "./bombs/texts.ts";
import { startWorld, type World } from "./bombs/world.ts";
import { sample } from "./sample.ts";

let world: World;
/** Memory of the server at the start, and at most, MiB. */
let before: number;
let most: number;

/** Documents and exports come last: threads with a share of their own (`workspace/threads`, `server/export/docx-thread`) deal with them. */
const mainCorpus = [
  ...sample(requestBombs, 20),
  ...sample(multipartBombs, 10),
  // These build on one another.
  ...contentBombs,
  ...sample(placeBombs, 6),
  ...toolBombs,
];

beforeAll(async () => {
  world = await startWorld({
    ZCBOT_LIMIT_UPLOAD_BYTES: String(8 * 2 ** 20),
    ZCBOT_LIMIT_USER_REQUESTS: "1000000",
  });
  before = world.memory().now;
});
afterAll(async () => {
  const { now, peak } = world.memory();
  const { served, failed } = world.neighbour;
  const megabytes = [before, most, peak, now].map((value) => Math.round(value));
  console.log(
    `${mainCorpus.length} bombs and ${exportBombs.length} of exports: MiB before, at most, at most with exports, at the end: ${megabytes.join(", ")}; others served ${served} times, not served ${failed.length}`,
  );
  await world.close();
});
afterEach(async () => {
  expect((await world.attacker.fetch("/healthz")).status).toBe(200);
});

describe("a bomb is refused, or dealt with as what it is", () => {
  test.each(mainCorpus)("$name", { timeout: 120_000 }, async ({ act, gives }) => {
    expect(await act(world)).toEqual(gives);
  });

  test("and takes no memory to speak of", () => {
    most = world.memory().peak;
    expect(most - before).toBeLessThan(300);
  });

  test.each([...documentBombs, ...sample(exportBombs, 5)])(
    "$name",
    { timeout: 120_000 },
    async ({ act, gives }) => {
      expect(await act(world)).toEqual(gives);
    },
  );

  test("and everybody else is served meanwhile", () => {
    expect(world.neighbour.failed).toEqual([]);
    expect(world.neighbour.served).toBeGreaterThan(20);
  });
});
