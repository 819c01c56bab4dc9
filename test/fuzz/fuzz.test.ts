import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { fuzz } from "./fuzz.ts";

// A short pass with a fixed seed; `npm run fuzz` makes the long ones, with seeds of its own.

test("whatever is asked, the answer is one that the document describes", { timeout: 120_000 }, async () => {
  const { url, drop } = await createTestDatabase();
  try {
    const { violations } = await fuzz({
      databaseUrl: url,
      seed: "npm test",
      requests: 120,
      from: 1,
      lanes: 2,
      say: () => {},
      signal: new AbortController().signal,
    });
    expect(violations).toEqual([]);
  } finally {
    await drop();
  }
});
