/** For how long one piece of work may hold the event loop, milliseconds. */
const longestTurn = 3;

let line: Promise<void> = Promise.resolve();

/** Waits for a turn of the event loop that no other waiter of this process shares. */
function nextTurn(): Promise<void> {
  line = line.then(() => new Promise((resolve) => setImmediate(resolve)));
  return line;
}

/** Gives a function that long work calls often: it waits for a new turn of the event loop when this one has lasted long enough. */
export function createPacer(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < longestTurn) return undefined;
    return nextTurn().then(() => {
      since = performance.now();
    });
  };
}

const runLength = 1_000;

/** Sorts by `key`, by code units, without ever holding the event loop for long. */
export async function sortInTurns<T>(items: readonly T[], key: (item: T) => string): Promise<T[]> {
  const pace = createPacer();
  let runs: { key: string; item: T }[][] = [];
  for (let start = 0; start < items.length; start += runLength) {
    const run = items.slice(start, start + runLength).map((item) => ({ key: key(item), item }));
    runs.push(run.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)));
    await pace();
  }
  while (runs.length > 1) {
    const merged: typeof runs = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(await merge(runs[index] ?? [], runs[index + 1] ?? [], pace));
    }
    runs = merged;
  }
  return (runs[0] ?? []).map(({ item }) => item);
}

async function merge<T extends { key: string }>(
  left: T[],
  right: T[],
  pace: () => Promise<void> | undefined,
): Promise<T[]> {
  const merged: T[] = [];
  let next = 0;
  for (const item of left) {
    for (let other = right[next]; other !== undefined && other.key < item.key; other = right[next]) {
      merged.push(other);
      next++;
    }
    merged.push(item);
    if (merged.length % 256 === 0) await pace();
  }
  for (; next < right.length; next++) merged.push(right[next] as T);
  return merged;
}
