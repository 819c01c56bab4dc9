/** A page to be made readable; `plain`: by its words alone, where its structure is beyond understanding. */
export interface PageJob {
  bytes: Uint8Array;
  /** As the answer's header names it. */
  charset: string | undefined;
  /** Where it stood, for its links. */
  address: string;
  plain: boolean;
}
