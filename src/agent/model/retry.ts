import { ModelError } from "./model.ts";

/** Attempts in all, the first one included. */
const maxAttempts = 5;
const baseMs = 500;
const maxBackOffMs = 20_000;
/** A provider that asks for more patience than this is given up: a person is waiting. */
const maxRetryAfterMs = 120_000;

/**
 * How long to wait before the next attempt of a model call, milliseconds, or null if another attempt is
 * of no use. `attempt` counts from 1: the one that failed with `error`.
 */
export function planRetry(error: unknown, attempt: number): { waitMs: number } | null {
  return retryDelay(error, attempt, Math.random());
}

/** As planRetry, with the jitter's chance (0 to 1) as a parameter. */
export function retryDelay(error: unknown, attempt: number, random: number): { waitMs: number } | null {
  if (!(error instanceof ModelError) || !error.retryable || attempt >= maxAttempts) return null;
  const backOff = Math.min(maxBackOffMs, baseMs * 2 ** (attempt - 1));
  // Between half and all of it, so that runs that failed together do not come back together.
  const jittered = Math.round(backOff / 2 + (random * backOff) / 2);
  const { retryAfterMs } = error;
  if (retryAfterMs === undefined) return { waitMs: jittered };
  if (retryAfterMs > maxRetryAfterMs) return null;
  return { waitMs: Math.max(retryAfterMs + Math.round(random * 250), jittered) };
}
