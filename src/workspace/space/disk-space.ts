import { setTimeout as wait } from "node:timers/promises";
import { ApiError } from "../../protocol/error.ts";
import { measureFree, measureTree } from "./measure.ts";

export interface SpaceLimits {
  /** What the files of one tree may take, bytes of disk. */
  userBytes: number;
  /** What is left free of the whole disk, bytes. */
  freeBytes: number;
}

/** The room that a tree has on the disk. Shared by all who write below its root; reading and removing need none. */
export interface DiskSpace {
  /** Bytes that may still be written, 0 where none may. */
  room(): Promise<number>;
  /** Throws ApiError `quota_exceeded` or `disk_full` where so many bytes more, or anything at all, do not fit. */
  check(bytes?: number): Promise<void>;
  /** `check`, for bytes that are then written: they count until the next look at the disk sees them. */
  claim(bytes: number): Promise<void>;
  /** To be told of what may have freed space: the next refusal looks at the disk first. */
  touch(): void;
  /** Looks after what is written by others, a command, until `end`. */
  watch(signal: AbortSignal): SpaceWatch;
}

export interface SpaceWatch {
  /** Aborts with the given one, or with the ApiError that says which room is used up. */
  readonly signal: AbortSignal;
  end(): void;
}

/**
 * Between two looks at the disk, milliseconds: about as long as a command would need to use up the room. Who is far
 * from the limit costs little that way: starting a look takes a millisecond or two of this process.
 */
const shortestGap = 1_000;
const longestGap = 30_000;
const bytesPerMs = 100_000;
/** How many times longer than the last look the gap is: looking takes at most a tenth of the time. */
const gapFactor = 10;
/** How long what is left of the disk is taken to be the same, milliseconds. */
const freePatience = 250;
/** Between two glances at the free space while a command runs, milliseconds. */
const glanceGap = 250;

/** No limits: what nobody shares. */
export const unlimitedSpace: DiskSpace = {
  room: async () => Number.POSITIVE_INFINITY,
  async check() {},
  async claim() {},
  touch() {},
  watch: (signal) => ({ signal, end() {} }),
};

/** The space of the tree at an absolute host path. */
export class UserSpace implements DiskSpace {
  readonly #hostPath: string;
  readonly #limits: SpaceLimits;
  /** By the last look; undefined before the first. */
  #used: number | undefined;
  /** Bytes written since the last look began. */
  #claimed = 0;
  #looking: Promise<void> | undefined;
  #lookedAt = 0;
  #lookMs = 0;
  /** Whether something may have changed since the last look that nobody claimed. */
  #isOld = true;
  #free = { bytes: 0, at: Number.NEGATIVE_INFINITY };
  /** Free bytes when the last look began. */
  #freeThen = 0;

  constructor(hostPath: string, limits: SpaceLimits) {
    this.#hostPath = hostPath;
    this.#limits = limits;
  }

  async room(): Promise<number> {
    await this.#know();
    const ofDisk = (await this.#freeNow()) - this.#limits.freeBytes;
    return Math.max(0, Math.min(this.#left(), ofDisk));
  }

  async check(bytes = 1): Promise<void> {
    if ((await this.#freeNow()) - bytes < this.#limits.freeBytes) throw diskFull();
    await this.#know();
    if (bytes <= this.#left()) return;
    if (this.#isOld || this.#isDue()) {
      // A look under way may have begun before the space was freed.
      await this.#looking;
      await this.#look();
    }
    if (bytes > this.#left()) throw this.#exceeded();
  }

  async claim(bytes: number): Promise<void> {
    await this.check(bytes);
    this.#claimed += bytes;
    this.#free.bytes -= bytes;
  }

  touch(): void {
    this.#isOld = true;
  }

  watch(signal: AbortSignal): SpaceWatch {
    const over = new AbortController();
    const ended = new AbortController();
    this.#meter(ended.signal).catch((error) => {
      if (!ended.signal.aborted) over.abort(error);
    });
    return {
      signal: AbortSignal.any([signal, over.signal]),
      end: () => {
        ended.abort();
        this.#isOld = true;
        if (this.#isDue()) void this.#look();
      },
    };
  }

  /** Throws when the command has used up the room. Who is beyond the quota already may go on, but not further. */
  async #meter(ended: AbortSignal): Promise<void> {
    if (this.#used === undefined || (this.#isOld && this.#isDue())) await this.#look();
    const allowed = Math.max(this.#limits.userBytes, this.#used ?? 0);
    for (;;) {
      await wait(glanceGap, undefined, { signal: ended });
      const free = await this.#freeNow();
      if (free < this.#limits.freeBytes) throw diskFull();
      const written = this.#freeThen - free;
      // What others write or free meanwhile misleads this; it only decides when to look.
      const isSuspicious = written > this.#left() && performance.now() - this.#lookedAt > this.#lookMs;
      if (!this.#isDue() && !isSuspicious) continue;
      await this.#look();
      if ((this.#used ?? 0) > allowed) throw this.#exceeded();
    }
  }

  #left(): number {
    return this.#limits.userBytes - (this.#used ?? 0) - this.#claimed;
  }

  #isDue(): boolean {
    const gap = Math.min(longestGap, Math.max(shortestGap, this.#left() / bytesPerMs));
    return performance.now() - this.#lookedAt >= Math.max(gap, this.#lookMs * gapFactor);
  }

  /** The first time waits for a look; later ones are content with the last one, and have the next one begin. */
  async #know(): Promise<void> {
    if (this.#used === undefined) await this.#look();
    else if (this.#isDue()) void this.#look();
  }

  #look(): Promise<void> {
    this.#looking ??= this.#measure().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #measure(): Promise<void> {
    const startedAt = performance.now();
    const claimed = this.#claimed;
    this.#isOld = false;
    this.#freeThen = await this.#freeNow();
    this.#used = (await measureTree(this.#hostPath)) ?? this.#used ?? 0;
    this.#claimed -= claimed;
    this.#lookedAt = performance.now();
    this.#lookMs = this.#lookedAt - startedAt;
  }

  async #freeNow(): Promise<number> {
    const now = performance.now();
    if (now - this.#free.at > freePatience) {
      this.#free = { bytes: await measureFree(this.#hostPath), at: now };
    }
    return this.#free.bytes;
  }

  #exceeded(): ApiError {
    if (this.#used === Number.POSITIVE_INFINITY) {
      return new ApiError(
        "quota_exceeded",
        "A folder of yours cannot be read, so that its size is unknown. Make it readable (chmod -R u+rwX) or delete it.",
      );
    }
    const size = (this.#limits.userBytes / 2 ** 30).toLocaleString("en", { maximumFractionDigits: 2 });
    return new ApiError(
      "quota_exceeded",
      `Your files would take more than the ${size} GiB of disk space that you have. Delete some that are not needed, then try again.`,
    );
  }
}

function diskFull(): ApiError {
  return new ApiError(
    "disk_full",
    "The server's disk is nearly full. Delete files that are not needed, or ask who runs the server for more space.",
  );
}
