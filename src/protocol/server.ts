import { z } from "zod";

export const Health = z
  .object({
    status: z.enum(["ok", "unavailable"]),
    version: z.string(),
    database: z.enum(["ok", "unavailable"]),
    sandbox: z
      .enum(["strict", "reduced", "external", "off", "disabled"])
      .describe(
        "how commands of the agent are isolated; `off`: not at all, `external`: by the surroundings, as declared; `disabled`: there are no commands",
      ),
  })
  .meta({ id: "Health" });
export type Health = z.infer<typeof Health>;

export const ErrorBody = z
  .object({
    detail: z.union([
      z.string(),
      z.array(z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() })),
    ]),
    code: z.string(),
    request_id: z.string(),
  })
  .meta({ id: "Error" });
export type ErrorBody = z.infer<typeof ErrorBody>;
