/** Word gives up on longer addresses. */
const maxLength = 2_000;

/** The address in the form that a document may carry, if it is one that a document may lead to. */
export function safeLink(address: string): string | undefined {
  if (!/^(?:https?|mailto):/i.test(address) || !URL.canParse(address)) return undefined;
  const { href } = new URL(address);
  return href.length <= maxLength ? href : undefined;
}

/** An address as text, shortened where nobody would read on. */
export function shownAddress(address: string): string {
  return address.length > 200 ? `${address.slice(0, 200)}…` : address;
}
