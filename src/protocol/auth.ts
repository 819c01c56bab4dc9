import { z } from "zod";
import { timestamp, uuid } from "./text.ts";

export const Login = z
  .object({
    user_id: z.string(),
    platform_key: z.string(),
    session: z
      .boolean()
      .optional()
      .describe("true: also set the page's session cookie (for the web app's sign-in form)"),
  })
  .meta({ id: "Login" });
export type Login = z.infer<typeof Login>;

export const Token = z
  .object({ token: z.string(), expires_at: timestamp, user_id: uuid, ttl_seconds: z.int() })
  .meta({ id: "Token" });
export type Token = z.infer<typeof Token>;

export const SuspensionEdit = z
  .object({
    user_id: z.string(),
    platform_key: z.string(),
    suspended: z
      .boolean()
      .describe(
        "true: shuts the user out, ends their tokens, runs and streams; false: lets them sign in again, with new tokens",
      ),
  })
  .meta({ id: "SuspensionEdit" });
export type SuspensionEdit = z.infer<typeof SuspensionEdit>;

export const Suspension = z.object({ user_id: uuid, suspended: z.boolean() }).meta({ id: "Suspension" });
export type Suspension = z.infer<typeof Suspension>;

export const SignInCode = z.object({ code: z.string() }).meta({ id: "SignInCode" });
export type SignInCode = z.infer<typeof SignInCode>;

/** Who is signed in; `scope` is `cli` only for tokens minted on the server's own machine. */
export const Me = z
  .object({
    user_id: uuid,
    scope: z.enum(["user", "cli"]),
    local: z.boolean().describe("the server serves one local user"),
  })
  .meta({ id: "Me" });
export type Me = z.infer<typeof Me>;
