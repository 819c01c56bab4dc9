/** An answer whose JSON text is at hand already. */
export function json(text: string, status = 200): Response {
  return new Response(text, { status, headers: { "Content-Type": "application/json; charset=utf-8" } });
}
