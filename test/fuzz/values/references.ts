import fc from "fast-check";

/** The kinds of things that requests name. */
export const idNames = ["task_id", "run_id", "pending_id", "request_id"] as const;
export type IdName = (typeof idNames)[number];

/** Whose an id is, seen from whoever asks, and how it is written. */
export type Relation = "own" | "foreign" | "deleted" | "missing" | "malformed" | "capitals" | "bare";

/** An id that is known only when the request is sent, when earlier answers have named some: `@task_id/own/3`. */
export function idReference(name: IdName): fc.Arbitrary<string> {
  const relation = fc.oneof(
    { weight: 14, arbitrary: fc.constant("own") },
    { weight: 2, arbitrary: fc.constant("foreign") },
    { weight: 2, arbitrary: fc.constant("deleted") },
    { weight: 1, arbitrary: fc.constantFrom("missing", "malformed", "capitals", "bare") },
  );
  // The first of a sequence's things are those that it begins with: a run that asks, one at work.
  const index = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(0, 0, 1) },
    { weight: 1, arbitrary: fc.nat(9) },
  );
  return fc.tuple(relation, index).map(([kind, position]) => `@${name}/${kind}/${position}`);
}

/** What stands in the path for a parameter: an id, or a name that somebody has given. */
export function pathValue(parameter: string): fc.Arbitrary<string> {
  const idName = idNames.find((known) => known === parameter);
  return idName ? idReference(idName) : fc.constantFrom(...givenNames);
}

/** Names as they go into an address; the last ones are none. */
const givenNames = [
  "data",
  "a-b",
  "%E5%91%A8%E6%8A%A5",
  "a.md",
  "%2e%2e%2fa",
  "a%2fb",
  "%00",
  "%ff",
  "9".repeat(300),
];

/** Stands for a user who makes no requests, and may be signed in and suspended. */
export const thirdUser = "@user";

/** Takes a reference apart; null if the text is none. */
export function parseReference(text: string): { name: IdName; relation: Relation; index: number } | null {
  const [, name, relation, index] = /^@(\w+)\/(\w+)\/(\d+)$/.exec(text) ?? [];
  if (!idNames.some((known) => known === name)) return null;
  return { name: name as IdName, relation: relation as Relation, index: Number(index) };
}

/** What stands where an id should, as it goes into an address. */
export const malformedIds = [
  "no-id",
  "0",
  "null",
  "%00",
  "%ff",
  "%E4%BD%A0%E5%A5%BD",
  "'%20or%201=1--",
  "01a21e46-b513-76e9-90f1-13b2cf358d2g",
  "01a21e46b51376e990f113b2cf358d2d0",
  "{01a21e46-b513-76e9-90f1-13b2cf358d2d}",
  "urn:uuid:01a21e46-b513-76e9-90f1-13b2cf358d2d",
  "%2e%2e%2f",
  "a%2fb",
  `${"9".repeat(3_000)}`,
  "*",
  ":task_id",
  "%7Btask_id%7D",
];
