import { renameSync } from "node:fs";

/**
 * As a process: gives each of the names it is called with two faces in turn, `<name>.own` and `<name>.other`, as fast
 * as the disk can, until its input ends. Says how often it did.
 */
const names = process.argv.slice(2);
let isOver = false;
let swaps = 0;

process.stdin.resume().once("end", () => {
  isOver = true;
});

/** One of them may just be replaced by the server. */
function swap(name: string, from: string, to: string): void {
  try {
    renameSync(name, `${name}.${from}`);
  } catch {}
  try {
    renameSync(`${name}.${to}`, name);
  } catch {}
}

function go(): void {
  for (let round = 0; round < 100; round++) {
    const [from, to] = swaps % 2 === 0 ? ["own", "other"] : ["other", "own"];
    for (const name of names) swap(name, from as string, to as string);
    swaps++;
  }
  if (!isOver) setImmediate(go);
  else console.log(swaps);
}
go();
