import { z } from "zod";

/** A whole number in a query string, clamped to what a JavaScript number holds exactly. */
export const wholeNumber = z
  .string()
  .trim()
  .regex(/^[+-]?\d+$/, "Give a whole number.")
  .transform((digits) => Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(digits))))
  .meta({ override: { type: "integer" } });

/** `page` from 1, `page_size` from 1 to `maximum`; what lies outside is clamped. */
export function pageQuery(maximum: number, usual: number) {
  return z.object({
    page: wholeNumber.transform((page) => Math.max(1, page)).default(1),
    page_size: wholeNumber.transform((size) => Math.max(1, Math.min(maximum, size))).default(usual),
  });
}

export const PageQuery = pageQuery(100, 20);
export type PageQuery = z.infer<typeof PageQuery>;
