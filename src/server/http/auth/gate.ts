import type { IncomingMessage, ServerResponse } from "node:http";
import type { Endpoint } from "../../../protocol/endpoints/endpoint.ts";
import type { Database } from "../../store/database.ts";
import { findSuspended, readAccess } from "../../store/users.ts";
import type { Clients } from "../edge/clients.ts";
import { RateLimiter } from "../edge/rate-limiter.ts";
import type { User } from "../handler.ts";
import { Authenticator } from "./authenticate.ts";
import { OpenRequests } from "./open-requests.ts";

export interface GateOptions {
  database: Database;
  clients: Clients;
  /** The secret that tokens are signed with, then those that they were signed with before. */
  secrets: readonly string[];
  limits: { signIns: number; userRequests: number };
}

/** Who comes in, how often, and who is shown out again. */
export class Gate {
  readonly clients: Clients;
  readonly #database: Database;
  readonly #authenticator: Authenticator;
  readonly #open = new OpenRequests();
  /** Failed sign-ins by address. */
  readonly #signIns: RateLimiter;
  /** Expensive requests by user. */
  readonly #expensive: RateLimiter;

  constructor({ database, clients, secrets, limits }: GateOptions) {
    this.clients = clients;
    this.#database = database;
    this.#authenticator = new Authenticator({
      secrets,
      readAccess: (userId) => readAccess(database, userId),
      isHttps: clients.isHttps,
    });
    this.#signIns = new RateLimiter(limits.signIns);
    this.#expensive = new RateLimiter(limits.userRequests);
  }

  /** Throws `unauthorized`, `invalid_origin`. */
  authenticate(incoming: IncomingMessage): Promise<User> {
    return this.#authenticator.authenticate(incoming);
  }

  /** Takes note of a request that has been authenticated in this very moment. Throws `rate_limited`. */
  admit(user: User, row: Endpoint, outgoing: ServerResponse): void {
    if (row.expensive) this.#expensive.take(user.userId);
    this.#open.add(user.userId, outgoing);
  }

  /**
   * Tries a key or a code. `find` throws where it is wrong, which counts; where too many of an address were, this
   * throws `rate_limited` without trying it, so that nobody learns more by going on.
   */
  trySignIn<Found>(incoming: IncomingMessage, find: () => Found): Found {
    const address = this.clients.addressOf(incoming);
    this.#signIns.take(address);
    const found = find();
    this.#signIns.giveBack(address);
    return found;
  }

  /** Ends all that a user is being answered, and believes none of their tokens unseen. */
  shutOut(userId: string): void {
    this.#authenticator.forget(userId);
    this.#open.end(userId);
  }

  /** The same for all suspended users: the word of it may have been lost. */
  async shutOutSuspended(): Promise<void> {
    const { users } = this.#open;
    if (users.length === 0) return;
    for (const userId of await findSuspended(this.#database, users)) this.shutOut(userId);
  }
}
