import { ApiError } from "../../../protocol/error.ts";

interface Bucket {
  tokens: number;
  /** When `tokens` was counted, monotonic milliseconds. */
  at: number;
}

const minuteMs = 60_000;
/** Keys that are remembered; beyond it those are forgotten that were heard of longest ago. */
const maxKeys = 50_000;

/**
 * How often somebody may do something in a minute: a bucket of so many tokens for each key, refilled evenly. Each
 * process counts for itself.
 */
export class RateLimiter {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** Takes one of a key's tokens. Throws `rate_limited`, with the seconds until there is one again. */
  take(key: string): void {
    const now = this.#now();
    const known = this.#buckets.get(key);
    const refilled = known ? known.tokens + ((now - known.at) * this.#perMinute) / minuteMs : this.#perMinute;
    const tokens = Math.min(this.#perMinute, refilled);
    if (tokens < 1) {
      const wait = ((1 - tokens) * minuteMs) / this.#perMinute;
      throw new ApiError("rate_limited", "Too many requests. Wait a while and try again.", {
        retryAfter: Math.ceil(wait / 1000),
      });
    }
    // To the end of the map's order, whose beginning is forgotten first.
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens - 1, at: now });
    if (this.#buckets.size > maxKeys) this.#forget();
  }

  /** Gives one back: what it was taken for does not count. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket) bucket.tokens = Math.min(this.#perMinute, bucket.tokens + 1);
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  #forget(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      if (this.#buckets.size <= maxKeys * 0.9) return;
    }
  }
}
