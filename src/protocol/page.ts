import { z } from "zod";

/** A whole number in a query string, clamped to what a JavaScript number holds exactly. */
export const wholeNumber = z
  .string()
  .trim()
  .regex(/^[+-]?\d+$/, "Give a whole number.")
  .transform((digits) => Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(digits))))
  .meta({ override: { type: "integer" } });

/** `page` from 1 and `page_size` from 1 to 100 (default 20); what lies outside is clamped. */
export const PageQuery = z.object({
  page: wholeNumber.transform((page) => Math.max(1, page)).default(1),
  page_size: wholeNumber.transform((size) => Math.max(1, Math.min(100, size))).default(20),
});
export type PageQuery = z.infer<typeof PageQuery>;
