import { connect } from "node:net";
import pg from "pg";
import { expect, test } from "vitest";
import { isDatabaseAway } from "./database-away.ts";

async function failure(connectionString: string): Promise<unknown> {
  const pool = new pg.Pool({ connectionString });
  try {
    return await pool.query("select 1").catch((error: unknown) => error);
  } finally {
    await pool.end();
  }
}

test("a host that refuses, or that no name service knows at the moment, is away", async () => {
  expect(isDatabaseAway(await failure("postgres://user@127.0.0.1:1/nothing"))).toBe(true);
  expect(isDatabaseAway(await failure("postgres://user@nowhere.invalid/nothing"))).toBe(true);
});

test("a host of several addresses that all refuse is away", async () => {
  const error = await new Promise((resolve) => {
    connect({
      host: "several",
      port: 1,
      autoSelectFamily: true,
      lookup: (_host, _options, answer) =>
        answer(null, [
          { address: "127.0.0.1", family: 4 },
          { address: "127.0.0.2", family: 4 },
        ]),
    }).on("error", resolve);
  });
  expect(error).toBeInstanceOf(AggregateError);
  expect(isDatabaseAway(error)).toBe(true);
});

test("what Postgres takes back or cannot do just now may be tried again; a fault of the statement may not", () => {
  const fromPostgres = (code: string) =>
    Object.assign(new pg.DatabaseError("no reason given", 0, "error"), { code, severity: "ERROR" });
  for (const code of ["40P01", "40001", "53100", "53300", "57P01", "25006", "08006"]) {
    expect([code, isDatabaseAway(fromPostgres(code))]).toEqual([code, true]);
  }
  for (const code of ["22P02", "23505", "42P01", "54000", "XX000"]) {
    expect([code, isDatabaseAway(fromPostgres(code))]).toEqual([code, false]);
  }
});
