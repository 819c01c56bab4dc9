import { createRandom } from "../chaos/random.ts";
import { effort } from "./effort.ts";

/** All of a corpus in the long pass, else `count` of it, always the same. */
export function sample<Case>(cases: readonly Case[], count: number): readonly Case[] {
  if (effort.isLong || cases.length <= count) return cases;
  const random = createRandom("npm test");
  const drawn = cases.map((each) => ({ each, at: random.next() }));
  return drawn
    .sort((one, other) => one.at - other.at)
    .slice(0, count)
    .map(({ each }) => each);
}

/** Works on all cases, `width` at a time. */
export async function each<Case>(
  cases: readonly Case[],
  width: number,
  work: (each: Case, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < cases.length; index = next++) await work(cases[index] as Case, index);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
