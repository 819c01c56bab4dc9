import type { IncomingMessage, ServerResponse } from "node:http";
import type { Api, EndpointName, Input, Output } from "../../protocol/api.ts";

/** The person behind a request. `scope` is `cli` for tokens minted on the server's own machine. */
export interface User {
  userId: string;
  scope: "user" | "cli";
}

/** What a handler knows of its request beyond the validated input. */
export interface RequestContext {
  /** The signed-in user; on an open endpoint (see `Endpoint.open`) nobody, and reading it throws. */
  user: User;
  request: Request;
  /** Node's own request and response, for bodies and streams that must not be buffered. */
  incoming: IncomingMessage;
  outgoing: ServerResponse;
}

type Streams<Name extends EndpointName> = Api[Name] extends { response: string } ? true : false;

/**
 * Answers one endpoint: the value that its schema in `api` describes, or a `Response` where the answer is a
 * stream of bytes or carries headers of its own. Throws `ApiError` to refuse.
 */
export type Handler<Name extends EndpointName> = (
  input: Input<Name>,
  context: RequestContext,
) => Promise<Streams<Name> extends true ? Response : Output<Name> | Response>;

export type Handlers = { [Name in EndpointName]: Handler<Name> };
