import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Me } from "../../protocol/auth.ts";
import { ApiError } from "../../protocol/error.ts";
import { client } from "./client.ts";

/** Who is signed in; `problem` says why a sign-in link did not work. */
export interface Session {
  me: Me | null;
  problem: unknown;
}

export const sessionKey = ["session"] as const;

/** The one-time code of a sign-in link, which leaves the address bar and the history at once. */
function takeSignInCode(): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return code;
}

let code = takeSignInCode();

async function readSession(): Promise<Session> {
  let problem: unknown = null;
  if (code !== null) {
    const once = code;
    code = null;
    try {
      return { me: await client.signIn({ code: once }), problem };
    } catch (error) {
      // A link opened twice: the cookie of the first time still counts.
      problem = error;
    }
  }
  try {
    return { me: await client.me(), problem: null };
  } catch (error) {
    if (isSignedOut(error)) return { me: null, problem };
    throw error;
  }
}

/** The session of this page; an error means that the server could not be reached. */
export function useSession() {
  return useQuery({ queryKey: sessionKey, queryFn: readSession, staleTime: Number.POSITIVE_INFINITY });
}

/** Whether the server says that nobody is signed in (any more). */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.code === "unauthorized";
}

/** Where this is what the error says, the page goes to the sign-in, which says so; tells whether it is. */
export function noticeSignedOut(queries: QueryClient, error: unknown): boolean {
  const ended = isSignedOut(error);
  if (ended) queries.setQueryData<Session>(sessionKey, { me: null, problem: error });
  return ended;
}

/** Ends the session and forgets what was shown. */
export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await client.signOut();
    queries.setQueryData<Session>(sessionKey, { me: null, problem: null });
    queries.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });
  };
}
