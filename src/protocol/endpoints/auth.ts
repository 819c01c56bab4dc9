import { Login, Me, SignInCode, Token } from "../auth.ts";
import { Health } from "../server.ts";
import type { Endpoint } from "./endpoint.ts";

export const authEndpoints = {
  health: {
    method: "GET",
    path: "/healthz",
    tag: "misc",
    summary: "Whether the server can do its work",
    open: true,
    status: 200,
    response: Health,
    errors: ["unavailable"],
  },
  login: {
    method: "POST",
    path: "/v1/auth/login",
    tag: "auth",
    summary: "Exchange the platform key for a token of a user",
    open: true,
    body: Login,
    status: 200,
    response: Token,
    errors: ["invalid_platform_key", "invalid_user_id"],
  },
  signIn: {
    method: "POST",
    path: "/v1/auth/code",
    tag: "auth",
    summary: "Exchange a one-time sign-in code for the page's session cookie",
    open: true,
    body: SignInCode,
    status: 200,
    response: Me,
    errors: ["invalid_code"],
  },
  signOut: {
    method: "POST",
    path: "/v1/auth/logout",
    tag: "auth",
    summary: "Clear the page's session cookie",
    open: true,
    status: 204,
  },
  me: {
    method: "GET",
    path: "/v1/me",
    tag: "auth",
    summary: "Who is signed in",
    status: 200,
    response: Me,
  },
} as const satisfies Record<string, Endpoint>;
