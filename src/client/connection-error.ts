/**
 * No answer came, or none of a zcbot server: offline, refused, broken off, some proxy's page. A TypeError, as
 * `fetch` itself rejects with one, but with a sentence that a person can use.
 */
export class ConnectionError extends TypeError {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ConnectionError";
  }
}
