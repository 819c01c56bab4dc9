import type { Model } from "./model.ts";

/** The models of a run: the one that is called, and those to go on with where it fails. */
export interface ModelChain {
  /** The one to call; it stays until it fails. */
  readonly current: Model;
  /** Makes the next one the current one, and the first one after the last. */
  next(): Model;
  /** Makes the first one the current one. */
  restart(): Model;
  readonly length: number;
}

/** A chain that begins with its first model. */
export function createModelChain(first: Model, fallbacks: readonly Model[] = []): ModelChain {
  const models = [first, ...fallbacks];
  let current = first;
  const choose = (model: Model) => {
    current = model;
    return model;
  };
  return {
    get current() {
      return current;
    },
    next: () => choose(models[models.indexOf(current) + 1] ?? first),
    restart: () => choose(first),
    length: models.length,
  };
}
