import { createClient } from "../../client/client.ts";

/** The server that this page came from, under the page's own session cookie: the page never holds a token. */
export const client = createClient({ baseUrl: "" });
