import { Resolver } from "node:dns/promises";

/** Finds all addresses of a name, none if it has none; ends early when aborted. */
export type HostResolver = (name: string, signal: AbortSignal) => Promise<string[]>;

/**
 * Asks the machine's name servers, or the given ones. By DNS alone, not by the system's `getaddrinfo`: that knows
 * local names and other spellings of addresses, appends search domains, and lets slow names of one user hold the
 * threads that all others' files are read with.
 */
export function createHostResolver(servers?: string[]): HostResolver {
  return async (name, signal) => {
    // One for each name: it reads which servers to ask when it is made.
    const resolver = new Resolver({ timeout: 3_000, tries: 2 });
    if (servers) resolver.setServers(servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  };
}
