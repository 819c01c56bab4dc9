import { z } from "zod";

/** What becomes of a tool call: it runs, a person is asked first, or it is refused. */
export const ApprovalAction = z.enum(["allow", "ask", "deny"]);
export type ApprovalAction = z.infer<typeof ApprovalAction>;

/**
 * A rule about tool calls. `*` stands for any text, in both patterns. Of several rules that match the last one counts.
 * `argument` is held against what a call is about: the command of `bash`, the path of a file tool, the address of
 * `fetch`.
 */
export const ApprovalRule = z
  .object({
    tool: z.string().min(1).max(200).describe("the tool's name or a pattern, such as mcp__*"),
    argument: z.string().max(2_000).optional().describe("a pattern, such as git push*"),
    action: ApprovalAction,
  })
  .meta({ id: "ApprovalRule" });
export type ApprovalRule = z.infer<typeof ApprovalRule>;

export const maxApprovalRules = 200;

export const ApprovalRules = z
  .object({ rules: z.array(ApprovalRule).max(maxApprovalRules) })
  .meta({ id: "ApprovalRules" });
export type ApprovalRules = z.infer<typeof ApprovalRules>;
