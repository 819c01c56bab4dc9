import { z } from "zod";

/** What is known of a setting beside its type; `docs/configuration.md` is printed from it. */
export interface SettingInfo {
  /** The variable that sets it; a setting without one stands in `zcbot.jsonc` alone. */
  environment?: string;
  description: string;
  /** Never shown in logs or messages. */
  secret?: boolean;
  /** What stands in the documentation where the default is not a fixed value. */
  defaultText?: string;
}

const information = z.registry<SettingInfo>();

/** Notes what is known of a setting beside its type. */
export function setting<Schema extends z.ZodType>(schema: Schema, info: SettingInfo): Schema {
  information.add(schema, info);
  return schema;
}

/** A whole number within bounds; the environment and flags bring it as text. */
export function whole(minimum: number, maximum: number) {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  const fromText = (value: unknown) =>
    typeof value === "string" && /^\d+$/.test(value.trim()) ? Number(value) : value;
  return z.preprocess(fromText, z.int(error).min(minimum, error).max(maximum, error));
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, `must be one of ${values.join(", ")}`);
}

export const text = z.string("must be a text").min(1, "must not be empty");

/** A list; the environment and flags bring it as one text, parted by commas. */
export function listOf<Element>(element: z.ZodType<Element>, error: string) {
  const fromText = (value: unknown) =>
    typeof value === "string" ? value.split(",").map((part) => part.trim()) : value;
  return z.preprocess(fromText, z.array(element, error));
}

/** What is known of a setting, if it is one. */
export function settingInfo(schema: z.core.$ZodType): SettingInfo | undefined {
  return information.get(schema);
}
