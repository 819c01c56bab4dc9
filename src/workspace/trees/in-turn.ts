const turns = new Map<string, Promise<unknown>>();

/** Does one thing at a time under a key, in the order of the calls. Within this process: other servers go unseen. */
export async function inTurn<T>(key: string, act: () => Promise<T>): Promise<T> {
  const turn = (turns.get(key) ?? Promise.resolve()).then(act, act);
  const settled = turn.catch(() => {});
  turns.set(key, settled);
  try {
    return await turn;
  } finally {
    if (turns.get(key) === settled) turns.delete(key);
  }
}
