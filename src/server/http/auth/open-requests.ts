import type { ServerResponse } from "node:http";

/** The requests of signed-in users that are being answered, streams above all, so that they can be cut off. */
export class OpenRequests {
  readonly #byUser = new Map<string, Set<ServerResponse>>();

  /** Remembers a request for as long as it is answered. */
  add(userId: string, outgoing: ServerResponse): void {
    // Who has gone already would never be noticed to go.
    if (outgoing.destroyed) return;
    const open = this.#byUser.get(userId) ?? new Set();
    this.#byUser.set(userId, open.add(outgoing));
    outgoing.once("close", () => {
      open.delete(outgoing);
      if (open.size === 0 && this.#byUser.get(userId) === open) this.#byUser.delete(userId);
    });
  }

  /** Cuts off whatever a user is being answered. */
  end(userId: string): void {
    for (const outgoing of this.#byUser.get(userId) ?? []) outgoing.destroy();
  }

  /** Users with requests under way. */
  get users(): string[] {
    return [...this.#byUser.keys()];
  }
}
