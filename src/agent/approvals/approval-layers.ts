import type { ApprovalRule } from "../../protocol/agent/approval.ts";
import { withSingleSpaces } from "./match-pattern.ts";

/** Whose word rules are, in the order in which they are laid over each other; what a skill allows yields to all. */
export const layerNames = ["skill", "operator", "profile", "user", "task"] as const;
export type LayerName = (typeof layerNames)[number];

/** The rules in force for a run. Of all that match the last one counts, but a no of operator or profile is final. */
export type ApprovalLayers = Partial<Record<LayerName, readonly ApprovalRule[]>>;

/** A rule with whose it is. */
export interface LayeredRule extends ApprovalRule {
  layer: LayerName;
}

/** The rules that may concern the tool, in order, their patterns with single spaces. */
export function rulesFor(layers: ApprovalLayers, concerns: (toolPattern: string) => boolean): LayeredRule[] {
  return layerNames.flatMap((layer) =>
    (layers[layer] ?? [])
      .filter((rule) => concerns(rule.tool))
      .map((rule) => {
        const argument = rule.argument === undefined ? {} : { argument: withSingleSpaces(rule.argument) };
        return { ...rule, ...argument, layer };
      }),
  );
}

/** The lists of rules of which each one may forbid for good, and all of them, which decides else. */
export function deciding(rules: LayeredRule[]): LayeredRule[][] {
  const operator = rules.filter(({ layer }) => layer === "skill" || layer === "operator");
  const profile = rules.filter(({ layer }) => layer !== "user" && layer !== "task");
  return [operator, profile, rules];
}

/** What decides about the calls of a run. */
export interface Approvals {
  layers: ApprovalLayers;
  /** The rules of agents above with another profile: each of them must let a call be, too. */
  above?: readonly ApprovalLayers[];
  /** How long a person has for an answer before silence counts as a no; null: nobody can be asked. */
  waitMs: number | null;
}
